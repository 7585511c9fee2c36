"""Leases: leases, fences, order keys, dependencies, and documents that kill their workers."""

import threading
from dataclasses import replace

import pytest

from backend.delivery.queue import acquire
from backend.delivery.transition import Transition
from sync_protocol.submission import State
from tests.eventually import SECONDS, eventually
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.queue.leases import accepted_transition, lease_next, settle
from tests.unit.delivery.recording_erp import RecordingErp

pytestmark = pytest.mark.both_dialects


def test_the_document_that_has_been_due_longest_comes_first(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(3)]
    inbox.change(ids[2], due_at=inbox.clock.now().replace(hour=8))
    leases = [lease_next(inbox) for _ in range(4)]
    assert [c.id if c else None for c in leases] == [ids[2], ids[0], ids[1], None]


def test_a_lease_is_published_to_the_phones(inbox: InboxFixture) -> None:
    id = inbox.capture()
    lease = lease_next(inbox)
    assert lease is not None and lease.fence == 1
    assert inbox.record(id)["state"] == "sending"
    row = inbox.row(id)
    assert (row.lease_owner, row.unfinished_leases) == ("w1", 1)


def test_kinds_the_connector_does_not_know_stay_in_the_queue(inbox: InboxFixture) -> None:
    inbox.capture(kind="expense_claim", body={"purpose": "x", "currency": "EUR", "lines": []})
    with inbox.sessions() as session, session.begin():
        lease = acquire.acquire(session, now=inbox.clock.now(), worker="w", lease_seconds=9, kinds={"order"})
    assert lease is None


def test_an_expired_lease_makes_the_outcome_unknown_and_due_after_the_quiet_period(inbox: InboxFixture) -> None:
    id = inbox.capture()
    lease_next(inbox)
    inbox.change(id, last_sent_at=inbox.clock.now())
    inbox.later(seconds=61)
    inbox.change(id, last_sent_at=inbox.clock.now())
    assert lease_next(inbox, "w2") is None
    assert inbox.row(id).state == "unknown"
    assert (inbox.row(id).due_at - inbox.clock.now()).total_seconds() == 30
    inbox.later(seconds=30)
    lease = lease_next(inbox, "w2")
    assert lease is not None and lease.fence == 2 and lease.sent_at is not None


def test_a_document_that_was_never_sent_is_due_at_once_after_its_lease(inbox: InboxFixture) -> None:
    id = inbox.capture()
    lease_next(inbox)
    inbox.later(seconds=60)
    lease = lease_next(inbox, "w2")
    assert lease is not None and lease.sent_at is None
    assert inbox.history(id) == ["sending", "unknown", "sending"]


def test_a_late_settle_changes_nothing(inbox: InboxFixture, caplog: pytest.LogCaptureFixture) -> None:
    id = inbox.capture()
    first = lease_next(inbox, "w1")
    inbox.later(seconds=61)
    second = lease_next(inbox, "w2")
    assert first and second
    assert settle(inbox, first, Transition(State.REJECTED, sent_at=None, reason="too late")) is False
    assert inbox.row(id).state == "sending" and inbox.row(id).lease_owner == "w2"
    assert "came too late" in caplog.text
    assert settle(inbox, second, accepted_transition()) is True
    assert settle(inbox, first, Transition(State.REJECTED, sent_at=None)) is False
    assert inbox.row(id).state == "accepted"


def test_a_document_is_leased_three_times_without_an_end_and_then_parked(inbox: InboxFixture) -> None:
    id = inbox.capture()
    for n in range(3):
        lease = lease_next(inbox, f"w{n}")
        assert lease is not None and lease.id == id
        inbox.later(seconds=60)
    assert lease_next(inbox) is None
    row = inbox.row(id)
    assert (row.state, row.owner, row.error_class) == ("parked", "office", "poison")
    assert row.reason and "3 attempts to send it were interrupted" in row.reason
    assert inbox.record(id)["state"] == "parked"


def test_a_settled_lease_does_not_count_as_poison(inbox: InboxFixture) -> None:
    id = inbox.capture()
    for _ in range(5):
        lease = lease_next(inbox)
        assert lease is not None
        settle(inbox, lease, Transition(State.QUEUED, sent_at=None))
    assert inbox.row(id).unfinished_leases == 0


def test_a_document_that_kills_every_other_worker_is_parked(inbox: InboxFixture) -> None:
    """An answer in between, which only says "again", does not forgive the leases that were broken off."""
    id = inbox.capture()
    for n in range(3):
        answered = lease_next(inbox, f"w{n}")
        assert answered is not None
        settle(inbox, answered, Transition(State.QUEUED, sent_at=None))
        assert lease_next(inbox, f"killed {n}") is not None
        inbox.later(seconds=60)
    assert lease_next(inbox) is None
    assert (inbox.row(id).state, inbox.row(id).error_class) == ("parked", "poison")


def test_eight_workers_lease_each_document_once(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n % 4}") for n in range(16)]
    ids_leased: list[str] = []
    running: dict[str, int] = {}
    clash: list[str] = []
    guard = threading.Lock()

    class Counting(RecordingErp):
        def create(self, document):
            customer = document.body["customer_id"]
            with guard:
                running[customer] = running.get(customer, 0) + 1
                if running[customer] > 1:
                    clash.append(customer)
            try:
                return super().create(document)
            finally:
                with guard:
                    running[customer] -= 1
                    ids_leased.append(document.id)

    def take_leases(n: int) -> None:
        forwarder = inbox.forwarder(f"w{n}", erp=Counting(inbox.erp.folder))

        def all_leased() -> bool:
            forwarder.drain()
            return len(ids_leased) == len(ids)

        eventually(all_leased, "all are leased")

    threads = [threading.Thread(target=take_leases, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids_leased) == sorted(ids)
    assert clash == []
    assert inbox.states(*ids) == ["accepted"] * 16


def test_one_of_two_workers_settles_when_the_lease_is_shorter_than_the_call(
    inbox: InboxFixture, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.settings = replace(inbox.settings, lease_seconds=1.0, quiet_seconds=4.0)
    id = inbox.capture()
    called, go = threading.Event(), threading.Event()

    class Slow(RecordingErp):
        def create(self, document):
            called.set()
            assert go.wait(SECONDS), "nobody let the ERP continue"
            return super().create(document)

    forwarder, second = inbox.forwarder("slow", erp=Slow(inbox.erp.folder)), inbox.forwarder("second")
    slow = threading.Thread(target=forwarder.drain)
    slow.start()
    assert called.wait(SECONDS), "the ERP was never asked"
    inbox.later(seconds=2)
    assert second.drain() == 0, "the lease has ended, and the call may still be executed"
    go.set()
    slow.join(SECONDS)
    inbox.later(seconds=2)
    second.drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.erp.created(id) == 1
    assert "lost its lease" in caplog.text
    assert inbox.row(id).fence == 2
