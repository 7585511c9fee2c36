"""A push holds a document to the rules of the phone: refusals, warnings, amounts, and days in its own zone."""

import datetime as dt
from typing import Any

import pytest

from backend.database.core import Sessions
from backend.inbox.models import Submission
from backend.office.queries import get_document, to_view
from backend.sync import grants
from backend.sync.push import push
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Put
from sync_protocol.office import ParkedSchema
from sync_protocol.push import ResultSchema
from tests.unit.sync.company import customer, master_data, order_body, product, reps, say, submission
from tests.unit.sync.replica import NOW

A = "01KB0000000000000000000001"
B = "01KB0000000000000000000002"
BLOCKED = [
    {
        "code": "customer_blocked",
        "field": "customer_id",
        "message": "Customer C1 is blocked for orders; the order will wait until somebody in the ERP decides",
        "reason": "customer_blocked",
        "parameters": {"customer.name": "Customer C1"},
    }
]


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)


def send(sessions: Sessions, *documents: Any, now: dt.datetime = NOW) -> list[dict[str, Any]]:
    with sessions() as session, session.begin():
        results = push(session, rep_id="R1", device_id="D1", submissions=list(documents), now=now)
    for result in results:
        assert ResultSchema().validate(result) == {}
    return results


def claim(currency: str, *amounts: str) -> dict[str, Any]:
    return {
        "purpose": "Visit",
        "project": "Hall 4",
        "currency": currency,
        "lines": [
            {
                "line_no": n,
                "date": "2026-11-23",
                "category_id": "trip",
                "description": "Train",
                "amount": amount,
            }
            for n, amount in enumerate(amounts, 1)
        ],
    }


def forecast(period: str) -> dict[str, Any]:
    line = {"line_no": 1, "product_id": "P1", "quantity": "3", "unit": "u"}
    return {"warehouse_id": "W1", "period": period, "revision": 1, "lines": [line]}


def credit(limit: str | None, exposure: str) -> Put:
    record = {
        "id": "C1", "customer_id": "C1", "currency": "EUR", "limit": limit, "exposure": exposure,
        "overdue": "0", "oldest_due_date": None, "as_of": "2026-11-23T08:00:00Z",
    }  # fmt: skip
    return Put("credit", "C1", record)


@pytest.mark.both_dialects
def test_a_warning_is_in_the_result_in_its_repetition_and_in_the_offices_view(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW", block_order=True))
    document = submission(A, order_body())
    [first] = send(sessions, document)
    assert (first["status"], first["errors"], first["warnings"]) == ("received", [], BLOCKED)
    say(sessions, customer("C1", "NW"))
    [again] = send(sessions, document)
    assert (again["status"], again["warnings"]) == ("duplicate", BLOCKED)
    with sessions() as session:
        view = to_view(get_document(session, A), NOW).to_wire()
    assert view["warnings"] == BLOCKED
    assert ParkedSchema().validate(view) == {}


def test_a_credit_limit_that_the_order_exceeds_is_a_warning(sessions: Sessions) -> None:
    say(sessions, credit("100.00", "70.01"))
    [result] = send(sessions, submission(A, order_body()))
    assert [(w["code"], w["message"]) for w in result["warnings"]] == [
        (
            "credit_limit",
            "Customer C1 exceeds the credit limit of 100.00 EUR: 70.01 are used and this order adds 30.00",
        )
    ]


def test_a_warning_tells_nothing_of_a_collection_that_the_role_may_not_read(sessions: Sessions) -> None:
    say(sessions, credit("100.00", "70.01"))
    with sessions() as session, session.begin():
        grants.set_role(session, "sales", set(COLLECTIONS) - {"credit"})
    [result] = send(sessions, submission(A, order_body()))
    assert (result["status"], result["warnings"]) == ("received", [])


@pytest.mark.both_dialects
def test_a_warning_tells_nothing_of_a_customer_that_the_rep_no_longer_has(sessions: Sessions) -> None:
    """The order may cite the customer still, because it was captured before."""
    say(sessions, credit("100.00", "70.01"))
    say(sessions, customer("C1", "SE", block_order=True))
    [moved] = send(sessions, submission(A, order_body()))
    assert (moved["status"], moved["warnings"]) == ("received", [])
    say(sessions, customer("C1", "NW", block_order=True))
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", NOW)
    [unassigned] = send(sessions, submission(B, order_body()))
    assert (unassigned["status"], unassigned["warnings"]) == ("received", [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (customer("C1", "NW", status="closed"), "customer_closed"),
        (Put("products", "P1", {**product("P1").record, "active": False}), "not_for_sale"),
    ],
    ids=["closed customer", "inactive product"],
)
def test_what_the_erp_would_refuse_is_refused(sessions: Sessions, change: Put, code: str) -> None:
    say(sessions, change)
    [result] = send(sessions, submission(A, order_body()))
    assert (result["status"], [e["code"] for e in result["errors"]]) == ("refused", [code])
    assert result["warnings"] == []


def test_a_refused_document_has_no_warnings_beside_its_errors(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW", block_order=True))
    [result] = send(sessions, submission(A, order_body(requested_date="2026-11-01")))
    assert ([e["field"] for e in result["errors"]], result["warnings"]) == (["requested_date"], [])
    with sessions() as session:
        assert session.query(Submission).one().warnings == []


@pytest.mark.parametrize(
    ("currency", "amounts", "fields"),
    [
        ("JPY", ["1200.55"], ["lines[0].amount"]),
        ("EUR", ["12.3456"], ["lines[0].amount"]),
        ("EUR", ["0.125"] * 4, [f"lines[{n}].amount" for n in range(4)]),
        ("EUR", ["3.3333", "3.3333", "3.3334"], [f"lines[{n}].amount" for n in range(3)]),
        ("KWD", ["1.2345"], ["lines[0].amount"]),
    ],
)
def test_a_claim_with_more_decimals_than_its_currency_is_refused(
    sessions: Sessions, currency: str, amounts: list[str], fields: list[str]
) -> None:
    _category(sessions)
    [result] = send(sessions, submission(A, claim(currency, *amounts), "expense_claim"))
    assert (result["status"], [error["field"] for error in result["errors"]]) == ("refused", fields)


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "1200"), ("EUR", "12.34"), ("KWD", "1.234")])
def test_a_claim_within_the_decimals_of_its_currency_is_received(
    sessions: Sessions, currency: str, amount: str
) -> None:
    _category(sessions)
    [result] = send(sessions, submission(A, claim(currency, amount), "expense_claim"))
    assert (result["status"], result["errors"]) == ("received", [])


def _category(sessions: Sessions) -> None:
    record = {
        "id": "trip", "name": "Trips", "currency": "EUR", "limit_per_line": None, "receipt_above": None,
        "active": True,
    }  # fmt: skip
    say(sessions, Put("expense_categories", "trip", record))


@pytest.mark.parametrize(
    ("zone", "month", "status"),
    [
        ("Pacific/Honolulu", "2026-12", "received"),
        ("UTC", "2026-12", "refused"),
        ("No/Such_Zone", "2026-12", "refused"),
        ("Pacific/Honolulu", "2026-11", "refused"),
    ],
)
def test_the_day_of_a_document_is_that_of_its_own_zone(
    sessions: Sessions, zone: str, month: str, status: str
) -> None:
    """At this moment it is still December in Honolulu and already January in UTC."""
    moment = dt.datetime(2027, 1, 1, 9, 30, tzinfo=dt.UTC)
    [result] = send(sessions, submission(B, forecast(month), "forecast", zone=zone), now=moment)
    assert result["status"] == status
