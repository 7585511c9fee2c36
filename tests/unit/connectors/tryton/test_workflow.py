"""A document whose total differs in Tryton is not posted or confirmed. The Tryton is one record in memory."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from backend.connectors.tryton import workflow
from backend.connectors.tryton.expense_claims import CLAIM
from backend.connectors.tryton.orders import ORDER
from backend.connectors.tryton.workflow import Workflow
from backend.erp.records import Document, Outcome, RepInfo
from sync_protocol.submission import State

AFTER = {"draft": "validated", "validated": "posted", "quotation": "processing"}


class OneRecord:
    """A client of a Tryton that has one record; `clicked` are the buttons."""

    def __init__(self, **values: Any) -> None:
        self.row = {"id": 7, "number": "N1", "rec_name": "Seven", "state": "draft", **values}
        self.clicked: list[str] = []

    def read(self, model: str, ids: list[int], fields: Iterable[str]) -> list[dict[str, Any]]:
        return [{"id": 7, **{name: self.row[name] for name in fields}}]

    def click_button(self, model: str, button: str, id: int) -> None:
        self.clicked.append(button)
        self.row["state"] = AFTER[self.row["state"]] if model == CLAIM.model else "processing"


def document(kind: str, body: dict[str, Any]) -> Document:
    received, rep = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC), RepInfo("R1", "Rep", None)
    return Document("01KB0000000000000000000001", kind, body, rep, "2026-11-23T08:59:00Z", received)


def claim(*amounts: str) -> Document:
    return document("expense_claim", {"currency": "EUR", "lines": [{"amount": amount} for amount in amounts]})


def order(price: str) -> Document:
    return document("order", {"currency": "EUR", "lines": [{"quantity": "1", "unit_price": price}]})


def advance(client: Any, kind: Workflow, sent: Document) -> Outcome:
    return workflow.advance(
        client, kind, 7, sent, before=lambda row: None, hold_reason=lambda row, refused: "refused"
    )


@pytest.mark.parametrize(
    ("amounts", "erp_total"),
    [(["0.125"] * 4, "0.48"), (["3.3333", "3.3333", "3.3334"], "9.99"), (["10.00"], "10.01")],
    ids=["four eighths", "thirds of 10.0000", "a cent more"],
)
def test_a_claim_with_another_total_is_not_posted_and_says_both(amounts: list[str], erp_total: str) -> None:
    client = OneRecord(total_amount=Decimal(erp_total))
    outcome = advance(client, CLAIM, claim(*amounts))
    assert (outcome.state, outcome.total, client.clicked) == (State.ON_HOLD, Decimal(erp_total), [])
    assert (outcome.reason or "").startswith(f"Its total in the ERP is {erp_total} EUR, and the rep was shown ")
    assert outcome.advice == "Compare the lines, then post the claim in Tryton, or cancel it there."


def test_a_claim_with_an_equal_total_is_posted() -> None:
    client = OneRecord(total_amount=Decimal("10.0000"))
    outcome = advance(client, CLAIM, claim("2.50", "7.50"))
    assert (outcome.state, outcome.total) == (State.ACCEPTED, Decimal(10))
    assert client.clicked == ["validate_invoice", "post"]


def test_a_document_that_is_done_in_tryton_is_accepted_and_tells_its_total() -> None:
    client = OneRecord(state="posted", total_amount=Decimal("9.99"))
    outcome = advance(client, CLAIM, claim("10.00"))
    assert (outcome.state, outcome.total, client.clicked) == (State.ACCEPTED, Decimal("9.99"), [])


@pytest.mark.parametrize(
    ("erp_total", "state"), [("0.12", State.ACCEPTED), ("0.13", State.ACCEPTED), ("0.20", State.ON_HOLD)]
)
def test_an_order_may_differ_by_trytons_rounding_and_no_more(erp_total: str, state: State) -> None:
    client = OneRecord(state="quotation", untaxed_amount=Decimal(erp_total))
    outcome = advance(client, ORDER, order("0.125"))
    assert (outcome.state, outcome.total) == (state, Decimal(erp_total))
    assert bool(client.clicked) is (state is State.ACCEPTED)
