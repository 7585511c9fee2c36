"""Claims: leases, fences, order keys, dependencies, and documents that kill their workers."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.clock import ManualClock, SystemClock
from backend.delivery.queue import acquire
from backend.delivery.queue.lease import Lease
from backend.delivery.settle import settle_lease
from backend.delivery.transition import Transition
from backend.settings import read_settings
from sync_protocol.submission import State
from tests.databases import prepared
from tests.unit.delivery.inbox_fixture import InboxFixture, eventually
from tests.unit.delivery.recording_erp import KINDS, RecordingErp

pytestmark = pytest.mark.both_dialects


def claim(inbox: InboxFixture, worker: str = "w1", **more: Any) -> Lease | None:
    with inbox.sessions() as session, session.begin():
        return acquire.acquire(
            session,
            now=inbox.clock.now(),
            worker=worker,
            lease_seconds=60,
            kinds=KINDS,
            **{"quiet_seconds": 30, **more},
        )


def finish(inbox: InboxFixture, lease: Lease, transition: Transition) -> bool:
    with inbox.sessions() as session, session.begin():
        row = settle_lease(session, lease, transition, connector="recording", now=inbox.clock.now())
        return row is not None


def accepted(number: str = "1") -> Transition:
    return Transition(State.ACCEPTED, sent_at=None, erp_id=number)


def test_the_document_that_has_been_due_longest_comes_first(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(3)]
    inbox.change(ids[2], due_at=inbox.clock.now().replace(hour=8))
    got = [claim(inbox) for _ in range(4)]
    assert [c.id if c else None for c in got] == [ids[2], ids[0], ids[1], None]


def test_a_claim_is_told_to_the_phones(inbox: InboxFixture) -> None:
    id = inbox.capture()
    mine = claim(inbox)
    assert mine is not None and mine.fence == 1
    assert inbox.record(id)["state"] == "sending"
    row = inbox.row(id)
    assert (row.lease_owner, row.unfinished_leases) == ("w1", 1)


def test_kinds_the_connector_does_not_know_stay_in_the_queue(inbox: InboxFixture) -> None:
    inbox.capture(kind="expense_claim", body={"purpose": "x", "currency": "EUR", "lines": []})
    with inbox.sessions() as session, session.begin():
        got = acquire.acquire(session, now=inbox.clock.now(), worker="w", lease_seconds=9, kinds={"order"})
    assert got is None


def test_an_expired_lease_makes_the_outcome_unknown_and_rests_before_it_is_asked(inbox: InboxFixture) -> None:
    id = inbox.capture()
    claim(inbox)
    inbox.change(id, last_sent_at=inbox.clock.now())
    inbox.later(seconds=61)
    inbox.change(id, last_sent_at=inbox.clock.now())
    assert claim(inbox, "w2") is None
    assert inbox.row(id).state == "unknown"
    assert (inbox.row(id).due_at - inbox.clock.now()).total_seconds() == 30
    inbox.later(seconds=30)
    mine = claim(inbox, "w2")
    assert mine is not None and mine.fence == 2 and mine.sent_at is not None


def test_an_expired_lease_of_what_was_never_sent_is_taken_up_at_once(inbox: InboxFixture) -> None:
    id = inbox.capture()
    claim(inbox)
    inbox.later(seconds=60)
    mine = claim(inbox, "w2")
    assert mine is not None and mine.sent_at is None
    assert inbox.history(id) == ["sending", "unknown", "sending"]


def test_a_late_settle_changes_nothing(inbox: InboxFixture, caplog: pytest.LogCaptureFixture) -> None:
    id = inbox.capture()
    first = claim(inbox, "w1")
    inbox.later(seconds=61)
    second = claim(inbox, "w2")
    assert first and second
    assert finish(inbox, first, Transition(State.REJECTED, sent_at=None, reason="too late")) is False
    assert inbox.row(id).state == "sending" and inbox.row(id).lease_owner == "w2"
    assert "came too late" in caplog.text
    assert finish(inbox, second, accepted()) is True
    assert finish(inbox, first, Transition(State.REJECTED, sent_at=None)) is False
    assert inbox.row(id).state == "accepted"


def test_a_document_is_claimed_three_times_without_an_end_and_then_parked(inbox: InboxFixture) -> None:
    id = inbox.capture()
    for n in range(3):
        mine = claim(inbox, f"w{n}")
        assert mine is not None and mine.id == id
        inbox.later(seconds=60)
    assert claim(inbox) is None
    row = inbox.row(id)
    assert (row.state, row.owner, row.error_class) == ("parked", "office", "poison")
    assert row.reason and "3 attempts to send it were interrupted" in row.reason
    assert inbox.record(id)["state"] == "parked"


def test_a_settled_claim_does_not_count_as_poison(inbox: InboxFixture) -> None:
    id = inbox.capture()
    for _ in range(5):
        mine = claim(inbox)
        assert mine is not None
        finish(inbox, mine, Transition(State.QUEUED, sent_at=None))
    assert inbox.row(id).unfinished_leases == 0


def test_a_document_that_kills_every_other_worker_ends_parked_too(inbox: InboxFixture) -> None:
    """An answer in between, which only says "again", does not forgive the claims that were broken off."""
    id = inbox.capture()
    for n in range(3):
        answered = claim(inbox, f"w{n}")
        assert answered is not None
        finish(inbox, answered, Transition(State.QUEUED, sent_at=None))
        assert claim(inbox, f"killed {n}") is not None
        inbox.later(seconds=60)
    assert claim(inbox) is None
    assert (inbox.row(id).state, inbox.row(id).error_class) == ("parked", "poison")


def test_documents_of_one_order_key_go_one_after_another(inbox: InboxFixture) -> None:
    first, second = inbox.capture(), inbox.capture()
    mine = claim(inbox)
    assert mine is not None and mine.id == first
    assert claim(inbox, "w2") is None
    finish(inbox, mine, Transition(State.UNKNOWN, sent_at=inbox.clock.now(), due_at=inbox.later(seconds=0)))
    again = claim(inbox, "w2")
    assert again is not None and again.id == first
    finish(inbox, again, accepted())
    then = claim(inbox, "w2")
    assert then is not None and then.id == second


def test_a_document_that_waits_for_its_retry_holds_up_its_order_key(inbox: InboxFixture) -> None:
    first = inbox.capture()
    inbox.capture()
    mine = claim(inbox)
    assert mine is not None and mine.id == first
    finish(inbox, mine, Transition(State.QUEUED, sent_at=None, due_at=inbox.clock.now().replace(hour=10)))
    assert claim(inbox) is None


def test_different_order_keys_go_side_by_side(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n}") for n in range(3)]
    got = [claim(inbox, f"w{n}") for n in range(3)]
    assert [c.id for c in got if c] == ids


def test_a_lower_number_that_turns_up_late_waits_for_what_is_being_sent(inbox: InboxFixture) -> None:
    """Numbers are given before rows become visible: seq 1 may be committed after seq 2 was claimed."""
    late, early = inbox.capture(state=State.RECEIVED), inbox.capture()
    mine = claim(inbox)
    assert mine is not None and mine.id == early
    inbox.change(late, state="queued")
    assert claim(inbox, "w2") is None
    finish(inbox, mine, Transition(State.UNKNOWN, sent_at=None))
    again = claim(inbox, "w2")
    assert again is not None and again.id == early


def test_a_parked_document_holds_up_nobody_but_its_dependents(inbox: InboxFixture) -> None:
    parked = inbox.capture()
    dependent = inbox.capture(depends_on=[parked])
    neighbour = inbox.capture()
    mine = claim(inbox)
    assert mine is not None and mine.id == parked
    finish(inbox, mine, Transition(State.PARKED, sent_at=None))
    then = claim(inbox)
    assert then is not None and then.id == neighbour
    row = inbox.row(dependent)
    assert (row.state, row.owner) == ("queued", "office")
    assert row.reason == f"Waits for document {parked}, which is parked; the office must settle that one first"
    assert inbox.record(dependent)["reason"] == row.reason


def test_a_dependent_goes_as_soon_as_what_it_depends_on_is_accepted(inbox: InboxFixture) -> None:
    first = inbox.capture(customer="C1")
    dependent = inbox.capture(customer="C2", depends_on=[first])
    mine = claim(inbox)
    assert mine is not None and mine.id == first
    assert claim(inbox, "w2") is None
    assert inbox.row(dependent).reason == f"Waits for document {first}, which the ERP has not accepted yet"
    finish(inbox, mine, accepted())
    then = claim(inbox, "w2")
    assert then is not None and then.id == dependent


def test_a_dependent_waits_for_a_document_that_has_not_arrived(inbox: InboxFixture) -> None:
    missing = "01KAQ0000000000000000000AA"
    id = inbox.capture(depends_on=[missing])
    assert claim(inbox) is None
    assert inbox.row(id).reason == f"Waits for document {missing}, which has not arrived yet"
    assert inbox.row(id).state == "queued"


def test_a_replaced_dependency_is_followed_to_what_replaced_it(inbox: InboxFixture) -> None:
    old, new = inbox.capture(state=State.SUPERSEDED), inbox.capture(state=State.ACCEPTED)
    inbox.change(old, superseded_by=new)
    id = inbox.capture(depends_on=[old])
    mine = claim(inbox)
    assert mine is not None and mine.id == id


def test_documents_that_depend_on_each_other_hold_up_nobody_else(inbox: InboxFixture) -> None:
    first = inbox.capture()
    second = inbox.capture(depends_on=[first])
    inbox.change(first, depends_on=[second])
    other = inbox.capture()
    mine = claim(inbox)
    assert mine is not None and mine.id == other


def test_eight_workers_claim_each_document_once(inbox: InboxFixture) -> None:
    ids = [inbox.capture(customer=f"C{n % 4}") for n in range(16)]
    got: list[str] = []
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
                    got.append(document.id)

    def work(n: int) -> None:
        forwarder = inbox.forwarder(f"w{n}", erp=Counting(inbox.erp.folder))
        for _ in range(200):
            forwarder.drain()
            if len(got) == len(ids):
                return
            threading.Event().wait(0.02)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got) == sorted(ids)
    assert clash == []
    assert inbox.states(*ids) == ["accepted"] * 16


def test_of_two_workers_with_a_lease_shorter_than_the_call_one_settles_and_nothing_is_doubled(
    inbox: InboxFixture, caplog: pytest.LogCaptureFixture
) -> None:
    inbox.clock = SystemClock()
    inbox.settings = replace(inbox.settings, lease_seconds=1.0, quiet_seconds=4.0)
    id = inbox.capture()
    inbox.erp.script("create", "hang_then_commit:3", "ok")
    slow = threading.Thread(target=lambda: inbox.forwarder("slow").drain())
    slow.start()
    eventually(lambda: ["create", id] in inbox.erp.calls)
    second = inbox.forwarder("second", erp=RecordingErp(inbox.erp.folder))
    eventually(lambda: (second.drain(), inbox.row(id).state)[1] == "accepted")
    slow.join(30)
    assert inbox.row(id).state == "accepted"
    assert inbox.erp.created(id) == 1
    assert "lost its lease" in caplog.text
    assert inbox.row(id).fence == 2


def test_a_document_whose_dependency_is_met_holds_up_its_order_key_like_any_other(inbox: InboxFixture) -> None:
    done = inbox.capture(customer="C9", state=State.ACCEPTED)
    retrying = inbox.capture(depends_on=[done])
    inbox.change(retrying, due_at=inbox.clock.now().replace(hour=10))
    inbox.capture()
    assert claim(inbox) is None


def test_two_claims_at_one_moment_do_not_send_two_documents_of_one_order_key(
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
        got: list[Lease | None] = []
        second = threading.Thread(target=lambda: got.append(claim(inbox, "w2")))
        second.start()
        second.join(5)
    second.join(30)
    assert first is not None and first.id == high
    assert got == [None]
    sessions.kw["bind"].dispose()  # type: ignore[attr-defined]
