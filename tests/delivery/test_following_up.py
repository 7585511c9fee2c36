"""What waits for somebody else is looked at again, and never sent again blindly."""

from typing import Any

import pytest

from backend.delivery.followup.on_hold import follow_up
from tests.delivery.desk import Desk
from tests.delivery.ledger_erp import KINDS


def look(desk: Desk) -> int:
    return follow_up(desk.sessions, desk.erp, clock=desk.clock, kinds=KINDS)


def forwarded_as(desk: Desk, outcome: str) -> str:
    id = desk.capture()
    desk.erp.script("advance", outcome)
    desk.forwarder().drain()
    return id


def order(id: str, transport: str, approval: str = "none") -> dict[str, Any]:
    return {
        "id": id, "number": f"SO{id}", "customer_id": "C1", "submission_id": None, "customer_reference": None,
        "order_date": None, "requested_date": None, "currency": "EUR", "warehouse_id": None,
        "net": "1", "tax": "0", "gross": "1",
        "axes": {"transport": transport, "approval": approval, "delivery": "none", "billing": "none"},
        "lines": [], "deliveries": [], "invoices": [],
    }  # fmt: skip


def test_what_was_handed_over_a_day_ago_is_told_once_and_not_sent_again(desk: Desk) -> None:
    id = forwarded_as(desk, "handed_over")
    desk.later(hours=23)
    assert look(desk) == 0
    desk.later(hours=1)
    assert look(desk) == 1
    row = desk.row(id)
    assert (row.state, row.owner) == ("handed_over", "office")
    assert desk.record(id)["reason"] == "Handed over on 2026-11-23 09:00 UTC; the ERP has not answered yet"
    assert look(desk) == 0
    assert desk.forwarder().drain() == 0 and desk.erp.created(id) == 1


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
def test_an_order_on_hold_follows_what_the_erp_decides(
    desk: Desk, transport: str, approval: str, state: str
) -> None:
    id = forwarded_as(desk, "on_hold")
    desk.publish("orders", order("1", transport, approval))
    look(desk)
    assert desk.row(id).state == state and desk.record(id)["state"] == state
    assert [step for step, _ in desk.erp.calls].count("advance") == 1


def test_a_document_without_a_record_in_the_feed_is_judged_by_the_erps_own_word(desk: Desk) -> None:
    id = forwarded_as(desk, "on_hold")
    look(desk)
    assert desk.row(id).state == "on_hold"
    desk.erp._append("ledger.jsonl", {"event": "advance", "id": "1", "state": "posted"})
    desk.later(minutes=14)
    assert look(desk) == 0, "its turn has not come"
    desk.later(minutes=1)
    assert look(desk) == 1
    assert desk.row(id).state == "accepted"


def test_a_document_on_hold_that_vanished_goes_to_the_office(desk: Desk) -> None:
    id = forwarded_as(desk, "on_hold")
    (desk.erp.folder / "ledger.jsonl").unlink()
    look(desk)
    assert (desk.row(id).state, desk.row(id).owner) == ("parked", "office")


def test_a_kind_that_the_connector_cannot_forward_does_not_wait_in_silence(desk: Desk) -> None:
    id = desk.capture()
    desk.later(days=1)
    assert follow_up(desk.sessions, desk.erp, clock=desk.clock, kinds={"forecast"}) == 1
    assert (desk.row(id).state, desk.row(id).owner) == ("queued", "it")
    assert desk.record(id)["reason"] == "The connection to the ERP cannot take this kind of document"
