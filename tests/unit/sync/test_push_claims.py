"""Expense claims and forecasts in a push: rules of the policy, receipts, employees, months."""

from typing import Any

import pytest

from backend.database.core import Sessions
from tests.unit.sync.company import master_data, reps, submission
from tests.unit.sync.pushing import A, B, faults, send
from tests.unit.sync.replica import Replica

pytestmark = pytest.mark.both_dialects


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


CLAIM = {
    "purpose": "Visit",
    "customer_id": "C1",
    "currency": "EUR",
    "lines": [
        {
            "line_no": 1,
            "date": "2026-11-20",
            "category_id": "meals",
            "description": "Lunch",
            "amount": "18.00",
        }
    ],
}


def claim(**line: Any) -> dict[str, Any]:
    return {**CLAIM, "lines": [{**CLAIM["lines"][0], **line}]}


def test_a_claim_over_the_limit_needs_receipt_and_justification(sessions: Sessions) -> None:
    [result] = send(sessions, submission(A, claim(amount="120.00"), kind="expense_claim"))
    assert faults(result) == [("receipt_required", "lines[0].receipts"), ("over_limit", "lines[0].amount")]
    [result] = send(sessions, submission(B, claim(), kind="expense_claim"))
    assert result["status"] == "received"


def test_a_claim_waits_for_its_receipts(sessions: Sessions) -> None:
    ref = "sha256:" + "a" * 64
    [result] = send(sessions, submission(A, claim(receipts=[ref]), kind="expense_claim", needs=[ref]))
    assert (result["status"], result["state"]) == ("received", "received")
    assert Replica(sessions, "R1").sync().records("submissions")[A]["missing"] == [ref]


def test_a_claim_without_a_customer_is_refused(sessions: Sessions) -> None:
    [result] = send(sessions, submission(A, {**CLAIM, "customer_id": None}, kind="expense_claim"))
    assert faults(result) == [("field_missing", "customer_id")]


def test_a_forecast_for_a_past_month_is_refused(sessions: Sessions) -> None:
    line = {"line_no": 1, "product_id": "P1", "quantity": "5", "unit": "u"}
    body = {"warehouse_id": "W1", "period": "2026-12", "revision": 1, "lines": [line]}
    [result] = send(sessions, submission(A, body, kind="forecast"))
    [past] = send(sessions, submission(B, {**body, "period": "2026-10"}, kind="forecast"))
    assert result["status"] == "received"
    assert faults(past) == [("out_of_range", "period")]
