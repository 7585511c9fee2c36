"""What does not move for a day has a reason and somebody who must act, and nothing is resent for it."""

import pytest

from backend.delivery import breaker
from backend.delivery.followup.on_hold import follow_up
from backend.retry import Backoff
from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS

RECEIPT = "sha256:" + "0" * 64
SINCE = "2026-11-23 09:00 UTC"


def follow_up_on(inbox: InboxFixture) -> int:
    return follow_up(inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS)


def test_the_rep_is_told_once_of_a_missing_receipt(inbox: InboxFixture) -> None:
    id = inbox.capture(state=State.RECEIVED, needs=[RECEIPT])
    inbox.later(hours=23)
    assert follow_up_on(inbox) == 0
    inbox.later(hours=1)
    assert follow_up_on(inbox) == 1
    row, record = inbox.row(id), inbox.record(id)
    assert (row.state, row.owner) == ("received", "rep")
    assert record["reason"].startswith(f"One of its receipts has not arrived since {SINCE}: open the app")
    assert record["missing"] == [RECEIPT]
    assert follow_up_on(inbox) == 0 and inbox.erp.calls == []


def test_a_document_whose_receipts_have_all_come_is_left_to_be_queued(inbox: InboxFixture) -> None:
    id = inbox.capture(state=State.RECEIVED)
    inbox.later(days=2)
    assert follow_up_on(inbox) == 0 and inbox.row(id).owner is None


def test_a_document_that_waits_a_day_for_another_is_reported_to_the_office(inbox: InboxFixture) -> None:
    id = inbox.capture(depends_on=["01KAQ0000000000000000000AA"])
    inbox.forwarder().drain()
    inbox.later(days=1)
    assert follow_up_on(inbox) == 1
    reason = f"Waits for document 01KAQ0000000000000000000AA, which has not arrived yet since {SINCE}"
    for _ in range(3):
        assert (inbox.row(id).state, inbox.row(id).owner) == ("queued", "office")
        assert inbox.record(id)["reason"] == reason
        updated_at = inbox.row(id).updated_at
        inbox.later(minutes=2)
        inbox.forwarder().drain()
        assert follow_up_on(inbox) == 0 and inbox.row(id).updated_at == updated_at
    assert inbox.erp.calls == []


def test_a_reported_document_is_sent_once_its_dependency_arrives(inbox: InboxFixture) -> None:
    first = inbox.capture(state=State.HANDED_OVER)
    id = inbox.capture(customer="C2", depends_on=[first])
    inbox.forwarder().drain()
    inbox.later(days=1)
    follow_up_on(inbox)
    inbox.change(first, state="accepted")
    inbox.later(minutes=2)
    inbox.forwarder().drain()
    row = inbox.row(id)
    assert (row.state, row.owner, row.reason) == ("accepted", None, None)


def test_a_pause_of_a_day_by_the_erp_is_reported(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.erp.script("create", "503:86000")
    inbox.forwarder().drain()
    inbox.later(seconds=80_000)
    inbox.forwarder().drain()
    assert follow_up_on(inbox) == 0
    inbox.later(seconds=6_400)
    assert follow_up_on(inbox) == 1
    assert (inbox.row(id).state, inbox.row(id).owner) == ("queued", "office")
    reason = f"The ERP has not accepted it since {SINCE}. It is sent again automatically."
    assert inbox.record(id)["reason"] == reason
    assert [step for step, _ in inbox.attempts(id)] == ["find", "create"]


@pytest.mark.parametrize("stopped", [True, False])
def test_every_document_queued_for_a_day_has_a_reason(inbox: InboxFixture, stopped: bool) -> None:
    id = inbox.capture()
    if stopped:
        with inbox.sessions() as session, session.begin():
            breaker.trip(session, "recording", "wrong", "", now=inbox.clock.now(), backoff=Backoff(5.0, 900.0))
    inbox.later(days=1)
    assert follow_up_on(inbox) == 1
    reason = (
        f"It has waited since {SINCE} because sending to the ERP is stopped"
        if stopped
        else f"It has been queued since {SINCE} and has not been sent yet"
    )
    assert inbox.record(id)["reason"] == reason
    assert inbox.row(id).owner == ("it" if stopped else "office")
