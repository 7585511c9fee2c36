"""What ingest and the forwarder do reads no more rows when the tables have grown since it was prepared.

PostgreSQL plans a prepared statement while the tables may be empty, and keeps the plan until the next ANALYZE.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.clock import ManualClock
from backend.database import round_trip
from backend.database.core import Sessions
from backend.feed.changes import publish
from backend.feed.live import live_read
from backend.settings import read_settings
from sync_protocol.change import Change, Gone
from tests.databases import engine_of
from tests.query_plans.test_empty_tables import FEW, GENERIC_AFTER
from tests.query_plans.test_growth_of_pushes import grow, rows_read, sessions
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.memory_erp import MemoryErp
from tests.unit.sync import company
from tests.unit.sync.replica import NOW

__all__ = ["sessions"]

GROWTH = 1.1
FORWARDED = (
    "UPDATE submission SET state = 'accepted' WHERE order_key LIKE 'customer:K%'",
    "INSERT INTO attempt (submission_id, fence, worker, connector, step, started_at, ended_at, outcome)"
    " SELECT id, 1, 'w', 'memory', 'find', now(), now(), 'absent' FROM submission",
    "INSERT INTO binding (connector, entity, local_id, external_id, number, bound_at, aggregated)"
    " SELECT 'memory', 'order', id, 'E' || id, 'N' || id, now(), false FROM submission"
    " WHERE order_key LIKE 'customer:K%'",
)
"""What forwarding has left of the documents that were added."""


def a_change(n: int) -> list[Change]:
    return [company.customer(f"C{n % 2}", "T7"), company.order(f"O{n % 3}", "C1")]


def a_move(n: int) -> list[Change]:
    """A customer with an order, to another territory; and a record that is deleted."""
    return [company.customer("C1", f"T{6 + n % 2}"), company.order("O1", "C1"), Gone("orders", f"O{n}")]


@pytest.mark.parametrize("changes", [a_change, a_move])
def test_a_publication_reads_as_many_rows_after_growth_as_before(
    sessions: Sessions, changes: Callable[[int], list[Change]]
) -> None:
    def rows_of_a_publication(n: int) -> int:
        before = rows_read(sessions)
        with sessions() as session, session.begin():
            publish(session, changes(n))
        return rows_read(sessions) - before

    for n in range(GENERIC_AFTER):
        rows_of_a_publication(n)
    # The next one but one moves the customer in the same direction.
    before = [rows_of_a_publication(n) for n in range(GENERIC_AFTER, GENERIC_AFTER + 6)]
    grow(engine_of(sessions), 1_001, 6_000)
    after = [rows_of_a_publication(n) for n in range(GENERIC_AFTER, GENERIC_AFTER + 6)]
    assert 0 < max(after) <= GROWTH * max(before)


def test_a_publication_uses_no_plan_of_another_transaction(sessions: Sessions) -> None:
    """The same statement, run without a publication, has a plan of its own on the connection."""
    # On a new connection, so that the statement is prepared outside of a publication first.
    engine_of(sessions).dispose()
    refs = [("customers", "C1"), ("orders", "O1")]
    for _ in range(GENERIC_AFTER):
        with sessions() as session, session.begin():
            # PostgreSQL may choose one plan for all values at any time; here it must.
            session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
            round_trip.run(session, [live_read("postgresql", refs), live_read("postgresql", refs[:1])])
    grow(engine_of(sessions), 1_001, 6_000)
    before = rows_read(sessions)
    with sessions() as session, session.begin():
        publish(session, a_change(1))
    assert 0 < rows_read(sessions) - before < FEW


def test_forwarding_reads_as_many_rows_after_growth_as_before(sessions: Sessions, tmp_path: Path) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path)})
    inbox = InboxFixture(sessions, ManualClock(NOW), settings, MemoryErp(tmp_path / "erp"))
    forwarder = inbox.forwarder()

    def rows_of_forwarding(customer: str) -> int:
        inbox.capture_many([customer])
        before = rows_read(sessions)
        assert forwarder.drain() == 1
        return rows_read(sessions) - before

    for n in range(GENERIC_AFTER):
        rows_of_forwarding(f"X{n}")
    before = rows_of_forwarding("X20")
    engine = engine_of(sessions)
    grow(engine, 1_001, 6_000)
    with engine.begin() as connection:
        for statement in FORWARDED:
            connection.execute(text(statement))
    after = rows_of_forwarding("X21")
    assert 0 < after <= GROWTH * before
