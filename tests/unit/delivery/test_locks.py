"""A settlement never waits for a row while it holds another (PostgreSQL only: SQLite has one writer)."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.inbox import submissions
from backend.settings import read_settings
from tests.databases import engine_of, prepared
from tests.eventually import SECONDS
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.queue.leases import accepted_transition, lease_next, settle
from tests.unit.delivery.recording_erp import RecordingErp


@pytest.fixture
def inbox(postgres_url: str, clock: ManualClock, tmp_path: Path) -> Iterator[InboxFixture]:
    sessions = prepared(postgres_url)
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_DATABASE_URL": postgres_url})
    yield InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))
    engine_of(sessions).dispose()


def test_a_settlement_and_a_withdrawing_push_do_not_deadlock(
    inbox: InboxFixture,
) -> None:
    """The push holds the child and wants its parent; the settlement holds the parent and wakes the child."""
    parent = inbox.capture(customer="C1")
    child = inbox.capture(customer="C2", depends_on=[parent])
    lease = lease_next(inbox)
    assert lease is not None and lease.id == parent
    inbox.change(child, due_at=inbox.later(seconds=60))
    inbox.later(seconds=-60)
    settling = threading.Thread(target=lambda: settle(inbox, lease, accepted_transition()))
    with inbox.sessions() as push, push.begin():
        assert submissions.get(push, child, lock=True) is not None
        settling.start()
        settling.join(SECONDS)
        assert not settling.is_alive(), "the settlement waits for the push"
        row = submissions.get(push, parent, lock=True)
        assert row is not None and row.state == "accepted"
    settling.join(SECONDS)
    assert inbox.states(parent, child) == ["accepted", "queued"]


def test_a_settlement_ended_by_the_database_is_retried_once(
    inbox: InboxFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL ends one of two that wait for each other; the ERP's answer is not lost over it."""
    first = inbox.capture(customer="C1")
    second = inbox.capture(customer="C2")
    forwarder = inbox.forwarder()
    acquire, calls = forwarder._acquire, iter(range(1000))

    def aborted(session, profile):
        # The second lease is the one that is taken in a settling transaction.
        if next(calls) == 1:
            session.connection().exec_driver_sql("SET LOCAL statement_timeout = 1")
            session.connection().exec_driver_sql("SELECT pg_sleep(600)")
        return acquire(session, profile)

    forwarder._acquire = aborted
    forwarder.drain()
    assert inbox.states(first, second) == ["accepted", "accepted"]
    assert "settling is tried once more" in caplog.text
    assert [inbox.erp.created(id) for id in (first, second)] == [1, 1]
