"""Times that were stored while our clock was wrong do not stop the reading."""

import datetime as dt
from pathlib import Path

from backend.cli.doctor.finding import OK
from backend.cli.doctor.ingest import examine_ingest
from backend.clock import instant
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.options import read_options
from backend.ingest.importer import import_collection
from backend.ingest.schedule import Schedule
from tests.unit.connectors.flatfile.handwritten_exports import CATEGORY, categories, put_export
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import unit


def test_a_clock_that_was_ahead_for_a_while_stops_no_reading(intake: Intake) -> None:
    schedule = Schedule(intake.sessions, intake.erp, intake.clock, intake.settings)
    intake.erp.say("units", unit("a"))
    intake.clock.advance(days=3650)
    assert schedule.run_due()
    intake.clock.advance(days=-3650)
    intake.erp.say("units", unit("b"))
    assert [result.collection for result in schedule.run_due()] == ["units", "customers"]
    assert intake.keys() == ["a", "b"]
    as_of = dt.datetime.fromisoformat((intake.record("freshness", "units") or {})["as_of"])
    assert as_of == intake.clock.now()


def test_an_export_that_is_dated_ahead_is_told_and_freshness_does_not_say_now(
    intake: Intake, tmp_path: Path
) -> None:
    options = read_options({"folder": str(tmp_path), "collections": "expense_categories"})
    connector = FlatFileConnector(options, intake.clock)
    now = intake.clock.now()
    put_export(tmp_path, f"{now:%Y%m%dT%H%M%SZ}", categories(CATEGORY), generated_at=instant(now))
    ahead = now + dt.timedelta(days=3650)
    put_export(tmp_path, f"{ahead:%Y%m%dT%H%M%SZ}", categories({**CATEGORY, "name": "Diesel"}))

    def read() -> str | None:
        return import_collection(
            intake.sessions, connector, "expense_categories", clock=intake.clock, settings=intake.settings
        ).failure

    def freshness() -> str:
        record = intake.record("freshness", "expense_categories")
        assert record is not None
        return str(record["as_of"])

    assert read() is None
    fresh = freshness()
    for _ in range(3):
        intake.clock.advance(hours=1)
        failure = read()
        assert failure is not None
        assert "is not read: its name is not a time up to a day ahead of now" in failure
        assert freshness() == fresh
    with intake.sessions() as session:
        [finding] = [f for f in examine_ingest(session) if f.status != OK]
    assert finding.subject == "reading expense_categories"
    assert "Correct the clock of the ERP" in finding.message
    later = intake.clock.now()
    put_export(tmp_path, f"{later:%Y%m%dT%H%M%SZ}", categories({**CATEGORY, "name": "Petrol"}))
    read()
    record = intake.record("expense_categories", "fuel")
    assert record is not None and record["name"] == "Petrol"
    assert freshness() > fresh
    connector.close()
