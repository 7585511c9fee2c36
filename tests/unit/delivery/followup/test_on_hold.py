"""What waits for somebody else is looked at again, and never sent again blindly."""

from typing import Any

import pytest

from backend.delivery.followup.on_hold import follow_up
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import KINDS


def follow_up_on(inbox: InboxFixture) -> int:
    return follow_up(inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS)


def forwarded_as(inbox: InboxFixture, outcome: str) -> str:
    id = inbox.capture()
    inbox.erp.script("advance", outcome)
    inbox.forwarder().drain()
    return id


def order(id: str, transport: str, approval: str = "none") -> dict[str, Any]:
    return {
        "id": id, "number": f"SO{id}", "customer_id": "C1", "submission_id": None, "customer_reference": None,
        "order_date": None, "requested_date": None, "currency": "EUR", "warehouse_id": None,
        "net": "1", "tax": "0", "gross": "1",
        "axes": {"transport": transport, "approval": approval, "delivery": "none", "billing": "none"},
        "lines": [], "deliveries": [], "invoices": [],
    }  # fmt: skip


def test_a_document_handed_over_a_day_ago_is_reported_once_and_not_repeated(inbox: InboxFixture) -> None:
    id = forwarded_as(inbox, "handed_over")
    inbox.later(hours=23)
    assert follow_up_on(inbox) == 0
    inbox.later(hours=1)
    assert follow_up_on(inbox) == 1
    row = inbox.row(id)
    assert (row.state, row.owner) == ("handed_over", "office")
    assert inbox.record(id)["reason"] == "Handed over on 2026-11-23 09:00 UTC; the ERP has not answered yet"
    assert follow_up_on(inbox) == 0
    assert inbox.forwarder().drain() == 0 and inbox.erp.created(id) == 1


@pytest.mark.parametrize(
    ("transport", "approval", "state"),
    [
        ("confirmed", "none", "accepted"),
        ("processing", "approved", "accepted"),
        ("confirmed", "credit_hold", "on_hold"),
        ("quotation", "pending", "on_hold"),
        ("cancelled", "none", "cancelled"),
    ],
)
def test_an_order_on_hold_follows_the_decision_of_the_erp(
    inbox: InboxFixture, transport: str, approval: str, state: str
) -> None:
    id = forwarded_as(inbox, "on_hold")
    inbox.publish("orders", order("1", transport, approval))
    follow_up_on(inbox)
    assert inbox.row(id).state == state and inbox.record(id)["state"] == state
    assert [step for step, _ in inbox.erp.calls].count("advance") == 1


def test_a_document_without_a_record_in_the_feed_is_decided_by_the_erps_own_word(inbox: InboxFixture) -> None:
    id = forwarded_as(inbox, "on_hold")
    follow_up_on(inbox)
    assert inbox.row(id).state == "on_hold"
    inbox.erp._append("executed.jsonl", {"event": "advance", "id": "1", "state": "posted"})
    inbox.later(minutes=14)
    assert follow_up_on(inbox) == 0, "its turn has not come"
    inbox.later(minutes=1)
    assert follow_up_on(inbox) == 1
    assert inbox.row(id).state == "accepted"


def test_a_document_on_hold_that_vanished_goes_to_the_office(inbox: InboxFixture) -> None:
    id = forwarded_as(inbox, "on_hold")
    (inbox.erp.folder / "executed.jsonl").unlink()
    follow_up_on(inbox)
    assert (inbox.row(id).state, inbox.row(id).owner) == ("parked", "office")


def test_a_document_of_an_unsupported_kind_gets_a_reason(inbox: InboxFixture) -> None:
    id = inbox.capture()
    inbox.later(days=1)
    assert follow_up(inbox.sessions, inbox.erp, clock=inbox.clock, kinds={"forecast"}) == 1
    assert (inbox.row(id).state, inbox.row(id).owner) == ("queued", "it")
    assert inbox.record(id)["reason"] == "The ERP cannot receive this kind of document yet; IT has been told"
