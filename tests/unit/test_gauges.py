"""Gauges say how things stand in the database, on either kind of it, and only that it is away if it is."""

import datetime as dt
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import event, insert

from backend.clock import ManualClock
from backend.database.core import Sessions, make_sessions
from backend.delivery import breaker
from backend.delivery.models import ErpDataLoss, Reconciliation
from backend.delivery.reconciliation.report import Report
from backend.feed import mismatches, positions
from backend.feed.mismatches import Mismatch, VerifyingDevice
from backend.gauges import GAUGES, DatabaseGauges
from backend.identity.models import Device, Rep
from backend.inbox.models import Submission
from backend.ingest.models import RejectedRow, Watermark
from backend.settings import Settings, read_settings
from backend.watchdog.heart import Heart
from sync_protocol.submission import State
from tests.databases import engine_of
from tests.unit.delivery.inbox_fixture import BACKOFF, InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.metrics.scrape import Values, read, total, value

MOST_STATEMENTS = 12


def read_gauges(sessions: Sessions, clock: ManualClock) -> Values:
    registry = CollectorRegistry()
    registry.register(DatabaseGauges(sessions, clock, read_settings({})))
    return read(generate_latest(registry).decode())


@pytest.fixture
def inbox(sessions: Sessions, clock: ManualClock, settings: Settings, tmp_path: Any) -> InboxFixture:
    return InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))


def test_documents_are_counted_by_state_with_the_age_of_the_oldest(inbox: InboxFixture) -> None:
    inbox.capture()
    inbox.clock.advance(minutes=10)
    inbox.capture(customer="C2")
    inbox.capture(customer="C3", state=State.PARKED)
    inbox.capture(customer="C4", state=State.ACCEPTED)
    inbox.clock.advance(minutes=5)
    values = read_gauges(inbox.sessions, inbox.clock)
    assert value(values, "satchel_submissions", state="queued") == 2
    assert value(values, "satchel_submissions_oldest_age_seconds", state="queued") == 900
    assert value(values, "satchel_submissions", state="parked") == 1
    assert value(values, "satchel_submissions_oldest_age_seconds", state="parked") == 300
    assert value(values, "satchel_submissions_oldest_age_seconds", state="unknown") == 0
    # Settled ones are not counted: there are ever more of them.
    assert (("state", "accepted"),) not in values["satchel_submissions"]
    assert total(values, "satchel_submissions") == 3
    assert value(values, "satchel_database_up") == 1


def test_gauges_show_an_open_breaker_and_holds(inbox: InboxFixture) -> None:
    now = inbox.clock.now()
    with inbox.sessions() as session, session.begin():
        breaker.trip(session, "recording", "wrong password", "", now=now, backoff=BACKOFF)
        session.add(ErpDataLoss(connector="recording", since=now, missing=3, sent_from=now))
    values = read_gauges(inbox.sessions, inbox.clock)
    assert value(values, "satchel_breaker_open", connector="recording") == 1
    assert value(values, "satchel_breaker_openings_total", connector="recording") == 1
    assert value(values, "satchel_sending_held", cause="erp_lost") == 1
    assert value(values, "satchel_sending_held", cause="restore") == 0
    inbox.clock.advance(hours=1)
    assert inbox.probe()
    values = read_gauges(inbox.sessions, inbox.clock)
    assert value(values, "satchel_breaker_open", connector="recording") == 0
    assert value(values, "satchel_breaker_openings_total", connector="recording") == 1


def test_gauges_show_the_lag_of_ingest(sessions: Sessions, clock: ManualClock) -> None:
    now = clock.now()
    with sessions() as session, session.begin():
        session.add(Watermark(connector="x", collection="orders", read_at=now - dt.timedelta(minutes=3)))
        session.add(Watermark(connector="x", collection="prices", failing_since=now, failure="away"))
        for n in range(3):
            session.add(
                RejectedRow(
                    connector="x", collection="orders", external_id=str(n), error="bad", raw="{}",
                    first_seen_at=now, last_seen_at=now,
                )
            )  # fmt: skip
    values = read_gauges(sessions, clock)
    assert values["satchel_ingest_lag_seconds"] == {(("collection", "orders"), ("connector", "x")): 180}
    assert value(values, "satchel_ingest_failing", connector="x", collection="orders") == 0
    assert value(values, "satchel_ingest_failing", connector="x", collection="prices") == 1
    assert value(values, "satchel_ingest_quarantined_rows", collection="orders") == 3


def test_devices_are_counted_in_the_first_matching_bucket(sessions: Sessions, clock: ManualClock) -> None:
    now = clock.now()
    ages = [1, 299, 301, 3_601, 90_000, 700_000, 3_000_000, None]
    with sessions() as session, session.begin():
        session.add(Rep(id="R1", name="Rep", role="sales", active=True))
        session.flush()
        for n, ago in enumerate([*ages, 1]):
            last = None if ago is None else now - dt.timedelta(seconds=ago)
            revoked = now if n == len(ages) else None
            session.add(
                Device(
                    id=f"D{n}", rep="R1", name="x", public_key={}, enrolled_at=now, last_seen_at=last,
                    revoked_at=revoked, family_began_at=now, refreshed_at=now,
                )
            )  # fmt: skip
    devices = read_gauges(sessions, clock)["satchel_devices"]
    counts = {dict(labels)["last_seen"]: count for labels, count in devices.items()}
    assert counts == {"5m": 2, "1h": 1, "1d": 1, "7d": 1, "30d": 1, "longer": 1, "never": 1}


def test_gauges_show_recent_mismatches_and_the_newest_reconciliation(
    sessions: Sessions, clock: ManualClock
) -> None:
    now = clock.now()
    with sessions() as session, session.begin():
        for device, days in (("D1", 0), ("D2", 0), ("D3", 2)):
            mismatched = [
                Mismatch(("everyone", "products"), stale=1),
                Mismatch(("everyone", "units"), missing=1),
            ]
            mismatches.record(
                session, VerifyingDevice("R1", device, None, 5), mismatched, now - dt.timedelta(days=days)
            )
        for hours, missing in ((30, 7), (6, 2)):
            ended = now - dt.timedelta(hours=hours)
            session.add(
                Reconciliation(
                    connector="x", cause="schedule", began_at=ended, ended_at=ended, since=ended,
                    before_seq=None,
                    counts=Report(sent=9, missing=missing).counts(), lines=[], missing_documents=[],
                )
            )  # fmt: skip
    values = read_gauges(sessions, clock)
    assert value(values, "satchel_replica_mismatches_last_day") == 4
    assert value(values, "satchel_replica_mismatch_devices_last_day") == 2
    assert value(values, "satchel_reconciliation_documents", result="missing") == 2
    assert value(values, "satchel_reconciliation_documents", result="sent") == 9
    assert value(values, "satchel_reconciliation_age_seconds") == 6 * 3_600


def test_epochs_are_counted_by_cause(sessions: Sessions, clock: ManualClock) -> None:
    first = {"first": 1.0, "restore": 0.0, "lineage": 0.0}

    def started() -> dict[str, float]:
        values = read_gauges(sessions, clock)["satchel_feed_epochs_total"]
        return {dict(labels)["cause"]: count for labels, count in values.items()}

    assert started() == first
    for count in (1, 2):
        with sessions() as session, session.begin():
            positions.new_epoch(session)
        assert started() == {**first, "restore": count}


def test_a_scrape_takes_as_few_statements_however_much_there_is(inbox: InboxFixture) -> None:
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(("BEGIN", "SET")):
            statements.append(statement)

    event.listen(engine_of(inbox.sessions), "before_cursor_execute", note)
    read_gauges(inbox.sessions, inbox.clock)
    event.remove(engine_of(inbox.sessions), "before_cursor_execute", note)
    of_nothing = list(statements)
    inbox.capture_many(f"C{n}" for n in range(40))
    statements.clear()
    event.listen(engine_of(inbox.sessions), "before_cursor_execute", note)
    read_gauges(inbox.sessions, inbox.clock)
    event.remove(engine_of(inbox.sessions), "before_cursor_execute", note)
    assert len(of_nothing) == len(statements) <= MOST_STATEMENTS
    assert all(statement.lstrip().startswith("SELECT") for statement in of_nothing)


def test_gauges_do_not_read_settled_documents(
    sessions: Sessions, clock: ManualClock, inbox: InboxFixture
) -> None:
    """The plan is that of the index on states: a million settled documents cost a scrape nothing."""
    engine = engine_of(sessions)
    explain = "EXPLAIN " if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    row = inbox._row("order", {"customer_id": "C1"}, "R1")
    common = {c.name: getattr(row, c.key) for c in Submission.__table__.columns if c.name not in ("seq", "id")}
    with sessions() as session, session.begin():
        session.execute(
            insert(Submission),
            [{**common, "id": f"{n:026}", "state": "accepted" if n else "queued"} for n in range(3000)],
        )
        session.connection().exec_driver_sql("ANALYZE")
    statements: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if "FROM submission" in " ".join(statement.split()):
            statements.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    assert value(read_gauges(sessions, clock), "satchel_submissions", state="queued") == 1
    event.remove(engine, "before_cursor_execute", note)
    [(statement, parameters)] = statements
    with sessions() as session:
        rows = session.connection().exec_driver_sql(explain + statement, parameters).all()
    assert "submission_by_state" in str(rows), rows


def test_a_database_that_is_away_is_said_and_nothing_else_is_stated(
    tmp_path: Any, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    sessions = make_sessions("postgresql+psycopg://nobody@127.0.0.1:9/none")
    assert read_gauges(sessions, clock) == {"satchel_database_up": {(): 0}}
    assert "the database did not answer a scrape" in caplog.text


def test_every_gauge_has_a_value(inbox: InboxFixture) -> None:
    test_gauges_show_an_open_breaker_and_holds(inbox)
    test_gauges_show_recent_mismatches_and_the_newest_reconciliation(inbox.sessions, inbox.clock)
    test_gauges_show_the_lag_of_ingest(inbox.sessions, inbox.clock)
    Heart(inbox.sessions, inbox.clock).start()
    assert read_gauges(inbox.sessions, inbox.clock).keys() == {gauge.name for gauge in GAUGES}
