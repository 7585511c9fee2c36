"""A settlement never waits for a row while it holds another (PostgreSQL only: SQLite has one writer)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.inbox import submissions as inbox
from backend.settings import read_settings
from tests.conftest import prepared
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import LedgerErp
from tests.delivery.test_claims import accepted, claim, finish


@pytest.fixture
def desk(postgres_url: str, clock: ManualClock, tmp_path: Path) -> Iterator[Desk]:
    sessions = prepared(postgres_url)
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_DATABASE_URL": postgres_url})
    yield Desk(sessions, clock, settings, LedgerErp(tmp_path / "erp"))
    sessions.kw["bind"].dispose()


def test_a_settlement_and_a_push_that_takes_parent_and_child_back_do_not_wait_for_each_other(
    desk: Desk,
) -> None:
    """The push holds the child and wants its parent; the settlement holds the parent and wakes the child."""
    parent = desk.capture(customer="C1")
    child = desk.capture(customer="C2", depends_on=[parent])
    mine = claim(desk)
    assert mine is not None and mine.id == parent
    desk.change(child, due_at=desk.later(seconds=60))
    desk.later(seconds=-60)
    settling = threading.Thread(target=lambda: finish(desk, mine, accepted()))
    with desk.sessions() as push, push.begin():
        assert inbox.get(push, child, lock=True) is not None
        settling.start()
        settling.join(20)
        assert not settling.is_alive(), "the settlement waits for the push"
        found = inbox.get(push, parent, lock=True)
        assert found is not None and found.state == "accepted"
    settling.join(30)
    assert desk.states(parent, child) == ["accepted", "queued"]


def test_a_settlement_that_the_database_ended_is_tried_once_more(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL ends one of two that wait for each other; the ERP's answer is not lost over it."""
    first = desk.capture(customer="C1")
    second = desk.capture(customer="C2")
    forwarder = desk.forwarder()
    claims = forwarder._claim

    def ended(session, terms, also=()):
        if also:
            session.connection().exec_driver_sql("SET LOCAL statement_timeout = 1")
            session.connection().exec_driver_sql("SELECT pg_sleep(5)")
        return claims(session, terms, also)

    forwarder._claim = ended  # type: ignore[method-assign]
    forwarder.drain()
    assert desk.states(first, second) == ["accepted", "accepted"]
    assert "settling is tried once more" in caplog.text
    assert [desk.erp.created(id) for id in (first, second)] == [1, 1]
