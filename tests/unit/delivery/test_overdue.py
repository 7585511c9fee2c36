"""What does not move for a day has a reason and somebody who must act, and nothing is resent for it."""

import pytest

from backend.delivery import breaker
from backend.delivery.followup.on_hold import follow_up
from backend.delivery.retry import Backoff
from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS

RECEIPT = "sha256:" + "0" * 64
SINCE = "2026-11-23 09:00 UTC"


def look(inbox: InboxFixture) -> int:
    return follow_up(inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS)


def test_a_receipt_that_never_comes_is_told_to_the_rep_once(inbox: InboxFixture) -> None:
    id = inbox.capture(state=State.RECEIVED, needs=[RECEIPT])
    inbox.later(hours=23)
    assert look(inbox) == 0
    inbox.later(hours=1)
    assert look(inbox) == 1
    row, record = inbox.row(id), inbox.record(id)
    assert (row.state, row.owner) == ("received", "rep")
    assert record["reason"].startswith(f"One of its receipts has not arrived since {SINCE}: open the app")
    assert record["missing"] == [RECEIPT]
    assert look(inbox) == 0 and inbox.erp.calls == []


def test_a_document_whose_receipts_have_all_come_is_left_to_be_queued(inbox: InboxFixture) -> None:
    id = inbox.capture(state=State.RECEIVED)
    inbox.later(days=2)
    assert look(inbox) == 0 and inbox.row(id).owner is None


def test_waiting_a_day_for_another_document_is_told_to_the_office_and_stays_told(inbox: InboxFixture) -> None:
    id = inbox.capture(depends_on=["01KAQ0000000000000000000AA"])
    inbox.forwarder().drain()
    inbox.later(days=1)
    assert look(inbox) == 1
    reason = f"Waits for document 01KAQ0000000000000000000AA, which has not arrived yet since {SINCE}"
    for _ in range(3):
        assert (inbox.row(id).state, inbox.row(id).owner) == ("queued", "office")
        assert inbox.record(id)["reason"] == reason
        told = inbox.row(id).updated_at
        inbox.later(minutes=2)
        inbox.forwarder().drain()
        assert look(inbox) == 0 and inbox.row(id).updated_at == told
    assert inbox.erp.calls == []


def test_what_waited_and_was_told_goes_its_way_once_the_other_is_there(inbox: InboxFixture) -> None:
    first = inbox.capture(state=State.HANDED_OVER)
    id = inbox.capture(customer="C2", depends_on=[first])
    inbox.forwarder().drain()
    inbox.later(days=1)
    look(inbox)
    inbox.change(first, state="accepted")
    inbox.later(minutes=2)
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.owner, row.reason) == ("accepted", None, None)


def test_a_pause_of_a_day_that_the_erp_asked_for_is_told(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "503:86000")
    inbox.forwarder().drain()
    inbox.later(seconds=80_000)
    inbox.forwarder().drain()
    assert look(inbox) == 0
    inbox.later(seconds=6_400)
    assert look(inbox) == 1
    assert (inbox.row(id).state, inbox.row(id).owner) == ("queued", "office")
    told = f"The ERP has not accepted it since {SINCE}: the ERP is closed for maintenance"
    assert inbox.record(id)["reason"] == told
    assert [step for step, _ in inbox.attempts(id)] == ["find", "create"]


@pytest.mark.parametrize("stopped", [True, False])
def test_whatever_else_stays_queued_for_a_day_says_why(inbox: InboxFixture, stopped: bool) -> None:
    id = inbox.capture()
    if stopped:
        with inbox.sessions() as session, session.begin():
            breaker.trip(session, "recording", "wrong", "", now=inbox.clock.now(), backoff=Backoff(5.0, 900.0))
    inbox.later(days=1)
    assert look(inbox) == 1
    reason = (
        f"It has waited since {SINCE} because sending to the ERP is stopped"
        if stopped
        else f"It has been queued since {SINCE} and has not been sent yet"
    )
    assert inbox.record(id)["reason"] == reason
    assert inbox.row(id).owner == ("it" if stopped else "office")
