"""The ERP's total is compared exactly with the one that the rep was shown, and a difference is always told."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from backend.delivery.followup import on_hold
from backend.delivery.followup.acknowledgements import Acknowledger
from backend.delivery.reconciliation.reconcile import reconcile
from backend.erp.records import Document
from backend.erp.totals import is_rounding, total_note
from tests.unit.delivery.inbox_fixture import ORDER, InboxFixture
from tests.unit.delivery.recording_erp import KINDS
from tests.unit.sync.company import product, unit

CLAIM: dict[str, Any] = {
    "purpose": "Visit",
    "project": "Hall 4",
    "currency": "EUR",
    "lines": [
        {"line_no": n, "date": "2026-11-23", "category_id": "meals", "description": "Lunch", "amount": "2.50"}
        for n in range(1, 5)
    ],
}


def claim(currency: str, *amounts: str) -> dict[str, Any]:
    lines = [{**CLAIM["lines"][0], "line_no": n, "amount": amount} for n, amount in enumerate(amounts, 1)]
    return {**CLAIM, "currency": currency, "lines": lines}


@pytest.mark.parametrize(
    ("kind", "body", "erp_total", "note"),
    [
        (
            "expense_claim", CLAIM, "9.99",
            "Its total in the ERP is 9.99 EUR, and the rep was shown 10.00 EUR.",
        ),
        ("order", ORDER, "28.49", "Its total in the ERP is 28.49 EUR, and the rep was shown 28.50 EUR."),
    ],
    ids=["claim", "order"],
)  # fmt: skip
def test_a_document_whose_total_differs_in_the_erp_says_so_to_the_rep_and_the_office(
    inbox: InboxFixture, kind: str, body: dict[str, Any], erp_total: str, note: str
) -> None:
    id = inbox.capture(body, kind=kind)
    inbox.erp.totals[id] = erp_total
    inbox.forwarder().drain()
    assert (inbox.row(id).state, inbox.row(id).reason) == ("accepted", note)
    assert inbox.record(id)["reason"] == note


def test_a_document_with_an_equal_total_says_nothing(inbox: InboxFixture) -> None:
    id = inbox.capture(CLAIM, kind="expense_claim")
    inbox.erp.totals[id] = "10.0000"
    inbox.forwarder().drain()
    assert (inbox.row(id).state, inbox.row(id).reason) == ("accepted", None)


def test_a_late_acknowledgement_with_another_total_says_so(inbox: InboxFixture) -> None:
    inbox.erp.script("advance", "handed_over")
    id = inbox.capture()
    inbox.forwarder().drain()
    inbox.erp.acknowledge("t1", id, "accepted", "SO1", total="28.51")
    assert Acknowledger(inbox.sessions, inbox.erp, inbox.clock).settle_all() == 1
    assert inbox.row(id).reason == "Its total in the ERP is 28.51 EUR, and the rep was shown 28.50 EUR."


def test_an_order_that_a_person_released_says_what_the_person_changed(inbox: InboxFixture) -> None:
    inbox.erp.script("advance", "on_hold")
    id = inbox.capture()
    inbox.forwarder().drain()
    inbox.erp.totals[id] = "25.00"
    inbox.erp.decide(inbox.row(id).erp_id or "", "accepted")
    inbox.later(minutes=20)
    on_hold.follow_up(inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS)
    assert inbox.row(id).state == "accepted"
    assert inbox.row(id).reason == "Its total in the ERP is 25.00 EUR, and the rep was shown 28.50 EUR."


def test_reconciliation_tells_of_rounding_once_and_of_more_every_time(inbox: InboxFixture) -> None:
    rounded, changed = inbox.capture(customer="C1"), inbox.capture(customer="C2")
    inbox.forwarder().drain()
    inbox.erp.totals |= {rounded: "28.49", changed: "25.00"}
    since = inbox.clock.now() - dt.timedelta(days=1)

    def differing() -> list[str]:
        report = reconcile(inbox.sessions, inbox.erp, clock=inbox.clock, kinds=KINDS, since=since)
        return [line.partition(":")[0] for line in report.lines]

    assert differing() == [rounded, changed]
    assert differing() == [changed]
    assert "28.49 EUR" in (inbox.record(rounded)["reason"] or "")


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "1200.55"), ("EUR", "12.3456"), ("EUR", "0.125"), ("KWD", "0.0001")]
)
def test_a_claim_from_an_earlier_version_with_too_many_decimals_is_not_sent(
    inbox: InboxFixture, currency: str, amount: str
) -> None:
    id = inbox.capture(claim(currency, amount), kind="expense_claim")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "rejected"
    assert [error["field"] for error in inbox.row(id).errors] == ["lines[0].amount"]
    assert inbox.erp.created(id) == 0


def test_a_claim_with_too_many_decimals_that_the_erp_has_already_is_finished_there(inbox: InboxFixture) -> None:
    inbox.erp.script("create", "commit_then_timeout", "ok")
    id = inbox.capture(kind="expense_claim", body=claim("EUR", "1.00"))
    inbox.forwarder().drain()
    assert inbox.row(id).state == "unknown"
    inbox.change(id, body=inbox.row(id).body.replace('"1.00"', '"1.005"'))
    inbox.erp.totals[id] = "1.00"
    inbox.later(seconds=60)
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert "the rep was shown 1.005 EUR" in (inbox.row(id).reason or "")


def test_the_sum_of_a_forecast_ends_in_what_its_unit_allows(inbox: InboxFixture) -> None:
    inbox.publish("units", dict(unit("box").record), dict(unit("pc").record))
    boxes = {**product("P1", units=("box", "pc")).record, "base_unit": "box"}
    boxes["units"] = [{"unit": "box", "factor": "1"}, {"unit": "pc", "factor": "0.083333"}]
    inbox.publish("products", boxes)
    id = inbox.capture(_forecast("20", "pc"), kind="forecast")
    inbox.forwarder().drain()
    [(quantity, stored_unit)] = inbox.erp.forecast().values()
    assert (quantity, stored_unit) == ("2", "box")
    assert inbox.row(id).reason == ("The forecast of Product P1 was rounded to what the unit Unit box allows.")


def test_a_forecast_that_the_erp_stored_otherwise_says_so(inbox: InboxFixture) -> None:
    inbox.publish("units", dict(unit("u").record))
    inbox.publish("products", dict(product("P1").record))
    inbox.erp.stored["P1"] = "19"
    id = inbox.capture(_forecast("20", "u"), kind="forecast")
    inbox.forwarder().drain()
    assert inbox.row(id).state == "accepted"
    assert inbox.row(id).reason == "The ERP has stored another quantity of product P1 than it was sent."


def _forecast(quantity: str, unit: str) -> dict[str, Any]:
    line = {"line_no": 1, "product_id": "P1", "quantity": quantity, "unit": unit}
    return {"warehouse_id": "W1", "period": "2026-12", "customer_id": None, "revision": 1, "lines": [line]}


def test_the_zone_of_a_submission_reaches_the_connector(inbox: InboxFixture) -> None:
    documents: list[Document] = []
    create = inbox.erp.create
    inbox.erp.create = lambda document: (documents.append(document), create(document))[1]
    id = inbox.capture(CLAIM, kind="expense_claim")
    inbox.change(id, zone="Europe/Berlin")
    inbox.forwarder().drain()
    assert [document.zone for document in documents] == ["Europe/Berlin"]


def test_a_total_of_an_unknown_kind_is_not_compared() -> None:
    assert total_note("poem", {}, Decimal(5)) is None
    assert is_rounding("poem", {}, Decimal(5))


def test_an_amount_is_written_with_the_decimals_of_its_currency() -> None:
    yen = {**claim("JPY", "1200")}
    assert total_note("expense_claim", yen, Decimal("1201.00")) == (
        "Its total in the ERP is 1201 JPY, and the rep was shown 1200 JPY."
    )
