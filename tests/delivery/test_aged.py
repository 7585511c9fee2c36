"""What does not move for a day has a reason and somebody who must act, and nothing is resent for it."""

import pytest

from backend.delivery import breaker
from backend.delivery.followup.on_hold import follow_up
from backend.delivery.retry import Backoff
from sync_protocol.submission import State
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import KINDS

RECEIPT = "sha256:" + "0" * 64
SINCE = "2026-11-23 09:00 UTC"


def look(desk: Desk) -> int:
    return follow_up(desk.sessions, desk.erp, clock=desk.clock, kinds=KINDS)


def test_a_receipt_that_never_comes_is_told_to_the_rep_once(desk: Desk) -> None:
    id = desk.capture(state=State.RECEIVED, needs=[RECEIPT])
    desk.later(hours=23)
    assert look(desk) == 0
    desk.later(hours=1)
    assert look(desk) == 1
    row, record = desk.row(id), desk.record(id)
    assert (row.state, row.owner) == ("received", "rep")
    assert record["reason"].startswith(f"A receipt of it has not arrived since {SINCE}: open the app")
    assert record["missing"] == [RECEIPT]
    assert look(desk) == 0 and desk.erp.calls == []


def test_a_document_whose_receipts_have_all_come_is_left_to_be_queued(desk: Desk) -> None:
    id = desk.capture(state=State.RECEIVED)
    desk.later(days=2)
    assert look(desk) == 0 and desk.row(id).owner is None


def test_waiting_a_day_for_another_document_is_told_to_the_office_and_stays_told(desk: Desk) -> None:
    id = desk.capture(depends_on=["01KAQ0000000000000000000AA"])
    desk.forwarder().drain()
    desk.later(days=1)
    assert look(desk) == 1
    reason = f"Waits for document 01KAQ0000000000000000000AA, which has not arrived yet since {SINCE}"
    for _ in range(3):
        assert (desk.row(id).state, desk.row(id).owner) == ("queued", "office")
        assert desk.record(id)["reason"] == reason
        told = desk.row(id).updated_at
        desk.later(minutes=2)
        desk.forwarder().drain()
        assert look(desk) == 0 and desk.row(id).updated_at == told
    assert desk.erp.calls == []


def test_what_waited_and_was_told_goes_its_way_once_the_other_is_there(desk: Desk) -> None:
    first = desk.capture(state=State.HANDED_OVER)
    id = desk.capture(customer="C2", depends_on=[first])
    desk.forwarder().drain()
    desk.later(days=1)
    look(desk)
    desk.change(first, state="accepted")
    desk.later(minutes=2)
    desk.forwarder().drain()
    row = desk.row(id)
    assert (row.state, row.owner, row.reason) == ("accepted", None, None)


def test_a_pause_of_a_day_that_the_erp_asked_for_is_told(desk: Desk) -> None:
    id = desk.capture()
    desk.erp.script("create", "503:86000")
    desk.forwarder().drain()
    desk.later(seconds=80_000)
    desk.forwarder().drain()
    assert look(desk) == 0
    desk.later(seconds=6_400)
    assert look(desk) == 1
    assert (desk.row(id).state, desk.row(id).owner) == ("queued", "office")
    told = f"The ERP has not taken it since {SINCE}: the ERP is closed for maintenance"
    assert desk.record(id)["reason"] == told
    assert [step for step, _ in desk.attempts(id)] == ["find", "create"]


@pytest.mark.parametrize("stopped", [True, False])
def test_whatever_else_stays_queued_for_a_day_says_why(desk: Desk, stopped: bool) -> None:
    id = desk.capture()
    if stopped:
        with desk.sessions() as session, session.begin():
            breaker.trip(session, "ledger", "wrong", "", now=desk.clock.now(), backoff=Backoff(5.0, 900.0))
    desk.later(days=1)
    assert look(desk) == 1
    why = "because sending to the ERP is stopped" if stopped else "for its turn to be sent to the ERP"
    assert desk.record(id)["reason"] == f"It has waited since {SINCE} {why}"
    assert desk.row(id).owner == ("it" if stopped else "office")
