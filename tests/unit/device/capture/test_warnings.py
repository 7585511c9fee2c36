"""What the replica knows about a document is said at capture, and by the server again at the push."""

import json
from typing import Any

import pytest

from sync_protocol.device.capture import forms, views
from sync_protocol.device.capture.forms import Line
from sync_protocol.device.device import Device
from sync_protocol.device.errors import CaptureRefused
from tests.unit.device import company
from tests.unit.device.company import claim_body, order_body
from tests.unit.device.feed_server import FeedServer


def publish(server: FeedServer, device: Device, channel: str, collection: str, record: dict[str, Any]) -> None:
    server.feed.put(channel, collection, record["id"], record)
    assert device.sync().complete


def warnings_of(document: Any) -> list[tuple[str, str]]:
    return [(warning["code"], warning["message"]) for warning in document.warnings]


def test_a_price_from_a_list_that_has_expired_is_said_while_the_rep_is_at_the_customer(
    device: Device, server: FeedServer
) -> None:
    expired = company.price_list("L1") | {"name": "Trade", "valid_to": "2026-06-30"}
    publish(server, device, "everyone", "price_lists", expired)
    sentence = "the prices are from Trade, which was valid until 2026-06-30"
    assert views.order_remarks(device.db, "C1", "2026-11-23") == [sentence]
    body = forms.order(device.db, customer="C1", lines=[Line("P1", "3")], today=device.today())
    assert warnings_of(device.capture("order", body)) == [("price_not_valid", sentence)]


def test_an_order_for_a_blocked_customer_is_saved_and_says_so(device: Device, server: FeedServer) -> None:
    publish(server, device, company.TERRITORY, "customers", company.customer("C1", "Alpha", block_order=True))
    [(code, message)] = warnings_of(device.capture("order", order_body()))
    assert code == "customer_blocked"
    assert message.startswith("Alpha is blocked for orders")


@pytest.mark.parametrize(
    ("channel", "collection", "record", "field"),
    [
        (company.TERRITORY, "customers", company.customer("C1", "Alpha", status="closed"), "customer_id"),
        ("everyone", "products", company.product("P1", "Pencil") | {"active": False}, "lines[0].product_id"),
    ],
    ids=["closed customer", "inactive product"],
)
def test_what_the_erp_would_refuse_saves_the_trip(
    device: Device, server: FeedServer, channel: str, collection: str, record: dict[str, Any], field: str
) -> None:
    publish(server, device, channel, collection, record)
    with pytest.raises(CaptureRefused) as refused:
        device.capture("order", order_body())
    assert [fault.field for fault in refused.value.faults] == [field]
    assert device.documents() == []


def test_a_requested_date_before_the_order_date_is_refused(device: Device) -> None:
    with pytest.raises(CaptureRefused, match="2026-11-20 is before the order date"):
        device.capture("order", order_body(requested_date="2026-11-20"))


def test_a_price_of_0_and_an_exceeded_credit_limit_are_said(device: Device, server: FeedServer) -> None:
    credit = {
        "id": "C1", "customer_id": "C1", "currency": "EUR", "limit": "100.00", "exposure": "100.01",
        "overdue": "0", "oldest_due_date": None, "as_of": "2026-11-23T08:00:00Z",
    }  # fmt: skip
    publish(server, device, company.TERRITORY, "credit", credit)
    body = order_body()
    body["lines"][0]["unit_price"] = "0"
    assert [code for code, _ in warnings_of(device.capture("order", body))] == ["credit_limit", "price_zero"]


def test_a_price_below_the_limit_of_the_rep_is_said_at_capture_with_the_limit(
    device: Device, server: FeedServer
) -> None:
    limit = {
        "id": "R1", "max_discount_percent": "10", "exceptions": [], "free_of_charge": False,
        "above_list": False, "without_list_price": False,
    }  # fmt: skip
    server.feed.grant(("rep:R1", "price_limits"))
    publish(server, device, "rep:R1", "price_limits", limit)
    body = forms.order(device.db, customer="C1", lines=[Line("P1", "3")], today=device.today())
    assert warnings_of(device.capture("order", body)) == []
    body["lines"][0]["discount_percent"] = "10.5"
    [(code, message)] = warnings_of(device.capture("order", body))
    assert code == "price_below_limit"
    assert message.startswith("1.3425 is below 1.35 EUR, the lowest price that you may grant")


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1200.55"), ("EUR", "12.3456"), ("KWD", "0.1255")])
def test_an_amount_with_more_decimals_than_its_currency_is_refused_at_capture(
    device: Device, currency: str, amount: str
) -> None:
    body = claim_body(amount=amount) | {"currency": currency}
    with pytest.raises(CaptureRefused) as refused:
        device.capture("expense_claim", body)
    assert [fault.field for fault in refused.value.faults] == ["lines[0].amount"]


def test_warnings_of_the_server_are_kept_with_the_document(device: Device, server: FeedServer) -> None:
    saved = device.capture("order", order_body())
    assert saved.warnings == []
    warning = {"code": "customer_blocked", "field": "customer_id", "message": "Alpha is blocked for orders"}
    server.results[saved.id] = {
        "id": saved.id, "status": "received", "state": "queued", "sha256": saved.sha256, "errors": [],
        "warnings": [warning],
    }  # fmt: skip
    device.sync()
    assert device.documents()[0].warnings == [warning]


def test_a_server_that_knows_no_warnings_leaves_those_of_the_capture(
    device: Device, server: FeedServer
) -> None:
    body = order_body()
    body["lines"][0]["unit_price"] = "0"
    saved = device.capture("order", body)
    device.sync()
    assert device.documents()[0].warnings == saved.warnings != []


def test_warnings_are_no_part_of_what_is_sent(device: Device) -> None:
    body = order_body()
    body["lines"][0]["unit_price"] = "0"
    saved = device.capture("order", body)
    frozen = bytes(device.db.value("SELECT frozen FROM document WHERE id = ?", saved.id))
    assert "warnings" not in json.loads(frozen)
