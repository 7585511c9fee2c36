"""Documents of one order key are sent one after another; others at the same time."""

import threading
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.delivery.queue import acquire
from backend.delivery.queue.lease import Lease
from backend.delivery.transition import Transition
from backend.settings import read_settings
from sync_protocol.submission import State
from tests.databases import engine_of, prepared, waiting_behind
from tests.eventually import SECONDS, eventually
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.queue.leases import accepted_transition, lease_next, settle
from tests.unit.delivery.recording_erp import KINDS, RecordingErp

pytestmark = pytest.mark.both_dialects


def test_documents_of_one_order_key_are_sent_one_after_another(inbox: InboxFixture) -> None:
    first, second = inbox.capture(), inbox.capture()
    lease = lease_next(inbox)
    assert lease is not None and lease.id == first
    assert lease_next(inbox, "w2") is None
    settle(inbox, lease, Transition(State.UNKNOWN, sent_at=inbox.clock.now(), due_at=inbox.later(seconds=0)))
    second_lease = lease_next(inbox, "w2")
    assert second_lease is not None and second_lease.id == first
    settle(inbox, second_lease, accepted_transition())
    then = lease_next(inbox, "w2")
    assert then is not None and then.id == second


def test_a_document_that_waits_for_its_retry_delays_its_order_key(inbox: InboxFixture) -> None:
    first = inbox.capture()
    inbox.capture()
    lease = lease_next(inbox)
    assert lease is not None and lease.id == first
    settle(inbox, lease, Transition(State.QUEUED, sent_at=None, due_at=inbox.clock.now().replace(hour=10)))
    assert lease_next(inbox) is None


def test_documents_of_different_order_keys_are_sent_at_once(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(3)]
    leases = [lease_next(inbox, f"w{n}") for n in range(3)]
    assert [c.id for c in leases if c] == ids


def test_a_late_document_with_a_lower_number_waits_for_the_one_being_sent(inbox: InboxFixture) -> None:
    """Numbers are given before rows become visible: seq 1 may be committed after seq 2 was claimed."""
    late, early = inbox.capture(state=State.RECEIVED), inbox.capture()
    lease = lease_next(inbox)
    assert lease is not None and lease.id == early
    inbox.change(late, state="queued")
    assert lease_next(inbox, "w2") is None
    settle(inbox, lease, Transition(State.UNKNOWN, sent_at=None))
    second_lease = lease_next(inbox, "w2")
    assert second_lease is not None and second_lease.id == early


def test_a_document_with_an_accepted_dependency_delays_its_order_key(inbox: InboxFixture) -> None:
    dependency = inbox.capture(customer="C9", state=State.ACCEPTED)
    retrying = inbox.capture(depends_on=[dependency])
    inbox.change(retrying, due_at=inbox.clock.now().replace(hour=10))
    inbox.capture()
    assert lease_next(inbox) is None


def test_two_leases_at_one_moment_do_not_send_two_documents_of_one_order_key(
    postgres_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    """The lower number becomes visible while the higher one is being claimed (PostgreSQL only)."""
    sessions = prepared(postgres_url)
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_DATABASE_URL": postgres_url})
    inbox = InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))
    low, high = inbox.capture(state=State.RECEIVED), inbox.capture()
    terms = {"now": clock.now(), "lease_seconds": 60, "kinds": KINDS}
    with sessions() as session, session.begin():
        first = acquire.acquire(session, worker="w1", **terms)
        inbox.change(low, state="queued")
        leases: list[Lease | None] = []
        second = threading.Thread(target=lambda: leases.append(lease_next(inbox, "w2")))
        second.start()
        eventually(lambda: waiting_behind(session) == 1 or leases, "the second waits, or has its answer")
    second.join(SECONDS)
    assert first is not None and first.id == high
    assert leases == [None]
    engine_of(sessions).dispose()
