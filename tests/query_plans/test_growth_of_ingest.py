"""Ingest reads no more rows for a page when the tables have grown since its statements were prepared.

PostgreSQL plans a prepared statement while the tables may be empty, and keeps the plan until the next ANALYZE.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.erp.rows import BadRow
from backend.ingest import quarantine_retry
from backend.ingest.full_comparison import compare
from backend.settings import read_settings
from tests.databases import engine_of
from tests.query_plans.test_empty_tables import GENERIC_AFTER
from tests.query_plans.test_growth_of_pushes import grow, rows_read, sessions
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import ScriptedErp, unit
from tests.unit.sync import company
from tests.unit.sync.replica import NOW

__all__ = ["sessions"]

GROWTH = 1.1
GROW = (
    "INSERT INTO feed (channel, collection, key, position, body, hash)"
    " SELECT 'territory:T' || n % 50, 'customers', 'G' || n, {first} + n, '{{}}', 1"
    " FROM generate_series({first}, {last}) n",
    "INSERT INTO rejected_row (connector, collection, external_id, error, raw, first_seen_at, last_seen_at)"
    " SELECT 'other', 'customers', 'G' || n, 'e', 'r', now(), now() FROM generate_series({first}, {last}) n",
    "INSERT INTO watermark (connector, collection)"
    " SELECT 'other' || n, 'customers' FROM generate_series({first}, {last}) n",
)
"""Rows of other records, and of other connectors, beside those that `grow` adds."""


def read_changes(intake: Intake, n: int) -> None:
    """A page with a changed record, a merged one, a deleted one and one that is not valid."""
    names = {"name": f"Customer {n}"}
    records = [company.customer("C1", "T7", **names), company.customer("C2", "T7", replaced_by="C1", **names)]
    bad = BadRow(f"customers.csv:{n % 2}", "is not valid", "x")
    intake.erp.say("customers", *(put.record for put in records), f"D{n}", bad)
    assert intake.read("customers").rejected == 1


def retry_quarantine(intake: Intake, n: int) -> None:
    """Rows in quarantine, which are read again."""
    intake.erp.say("customers", BadRow("customers.csv:1", f"is not valid ({n})", "x"))
    intake.read("customers")
    retried, _ = quarantine_retry.retry(
        intake.sessions, intake.erp, "customers", clock=intake.clock, everything=True
    )
    assert retried.tried == retried.bad == 1


def compare_all(intake: Intake, n: int) -> None:
    """A record that reading has missed."""
    if not n:
        intake.erp.say("customers", company.customer("C1", "T7").record)
        intake.read("customers")
    missed = company.customer("C1", "T7", name=f"Customer {n + 1}").record
    intake.erp.silently["customers"] = {"C1": missed}
    compared = compare(intake.sessions, intake.erp, "customers", clock=intake.clock, settings=intake.settings)
    assert compared.missed == 1


def sweep_all(intake: Intake, n: int) -> None:
    """A record that the ERP has deleted."""
    intake.erp.say("units", unit("u0"), unit("u1", f"piece {n}"))
    intake.read()
    intake.erp.vanish("units", "u1")
    assert intake.sweep(force=True).deleted >= 1


@pytest.mark.parametrize("work", [read_changes, retry_quarantine, compare_all, sweep_all])
def test_ingest_reads_as_many_rows_after_growth_as_before(
    sessions: Sessions, tmp_path: Path, work: Callable[[Intake, int], None]
) -> None:
    erp = ScriptedErp(page=10)
    intake = Intake(sessions, erp, ManualClock(NOW), read_settings({"SATCHEL_FOLDER": str(tmp_path)}))

    def rows_of(n: int) -> int:
        before = rows_read(sessions)
        work(intake, n)
        return rows_read(sessions) - before

    for n in range(GENERIC_AFTER):
        rows_of(n)
    before = rows_of(GENERIC_AFTER)
    engine = engine_of(sessions)
    grow(engine, 1_001, 6_000)
    with engine.begin() as connection:
        for insert in GROW:
            connection.execute(text(insert.format(first=1_001, last=6_000)))
    after = rows_of(GENERIC_AFTER + 1)
    assert 0 < after <= GROWTH * before
