"""Titles name records as people do, on the device and on the server, and the server stores them on arrival."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import event, update

from backend.database.core import Sessions
from backend.inbox.models import Submission
from backend.inbox.records import as_record
from backend.inbox.submissions import get
from sync_protocol.catalogue import KINDS
from sync_protocol.change import Gone
from sync_protocol.collection import Lookup
from sync_protocol.submission import TITLE_CHARACTERS, State, title_in_state
from tests.databases import engine_of
from tests.unit.sync.company import customer, master_data, order_body, reps, say, submission
from tests.unit.sync.pushing import A, B, C, send


@pytest.fixture
def company(sessions: Sessions) -> Sessions:
    reps(sessions)
    master_data(sessions)
    return sessions


def withdrawal(id: str, of: str) -> dict[str, Any]:
    body = {"submission_id": of, "reason": None}
    return submission(id, body, "withdrawal", schema=2, supersedes=of)


RECORDS = {
    ("customers", "C1"): {"name": "Alpha GmbH"},
    ("warehouses", "W1"): {"name": "Hamburg"},
    ("submissions", "S1"): {"title": "Order for Alpha GmbH, 1 line"},
}


def lookup(collection: str, key: str) -> Mapping[str, Any] | None:
    return RECORDS.get((collection, key))


def unknown(collection: str, key: str) -> None:
    return None


FORECAST = {"period": "2026-12", "warehouse_id": "W1", "revision": 2}


@pytest.mark.parametrize(
    ("kind", "body", "records", "title"),
    [
        ("order", {"customer_id": "C1", "lines": [{}]}, lookup, "Order for Alpha GmbH, 1 line"),
        ("order", {"customer_id": "C1", "lines": [{}, {}]}, unknown, "Order for C1, 2 lines"),
        ("forecast", FORECAST, lookup, "Forecast 2026-12, Hamburg, for the territory, revision 2"),
        (
            "forecast",
            {**FORECAST, "customer_id": "C1"},
            lookup,
            "Forecast 2026-12, Hamburg, for Alpha GmbH, revision 2",
        ),
        ("expense_claim", {"purpose": "Fair"}, lookup, "Expense claim: Fair"),
        (
            "expense_claim",
            {"purpose": "Lunch", "customer_id": "C1"},
            lookup,
            "Expense claim: Lunch, Alpha GmbH",
        ),
        ("withdrawal", {"submission_id": "S1"}, lookup, "Withdrawal of Order for Alpha GmbH, 1 line"),
        ("withdrawal", {"submission_id": "S9"}, lookup, "Withdrawal of S9"),
        (
            "change_request",
            {"submission_id": "S1", "action": "cancel"},
            lookup,
            "Request to cancel Order for Alpha GmbH, 1 line",
        ),
    ],
)
def test_a_title_names_what_its_document_cites(
    kind: str, body: dict[str, Any], records: Lookup, title: str
) -> None:
    assert KINDS[kind].title_for(body, records) == title


def test_every_kind_has_a_title_that_is_one_line_whatever_the_names_hold() -> None:
    def strange(collection: str, key: str) -> dict[str, str]:
        return {"name": "Alpha\n\tGmbH " * 100, "title": "two\nlines"}

    body = {"customer_id": "C1", "warehouse_id": "W1", "submission_id": "S1", "purpose": "a\nb"}
    for kind in KINDS.values():
        title = kind.title_for(body, strange)
        assert title and "\n" not in title and len(title) <= TITLE_CHARACTERS, kind.name


def test_a_replaced_document_says_so_within_the_length_of_a_title() -> None:
    assert title_in_state("Forecast", State.ACCEPTED) == "Forecast"
    assert title_in_state("Forecast", State.SUPERSEDED) == "Forecast (replaced)"
    longest = title_in_state("x" * TITLE_CHARACTERS, State.SUPERSEDED)
    assert len(longest) == TITLE_CHARACTERS and longest.endswith(" (replaced)")


def titles(sessions: Sessions) -> dict[str, str]:
    with sessions() as session:
        return {id: as_record(row)["title"] for id in (A, B, C) if (row := get(session, id))}


def test_the_server_names_the_customer_and_keeps_the_name_of_the_day(company: Sessions) -> None:
    say(company, customer("C1", "NW", name="Alpha GmbH"))
    send(company, submission(A, order_body()))
    say(company, customer("C1", "NW", name="Omega AG"))
    send(company, submission(B, order_body(), supersedes=A))
    assert titles(company) == {
        A: "Order for Alpha GmbH, 1 line (replaced)",
        B: "Order for Omega AG, 1 line",
    }


def test_a_withdrawal_names_the_document_of_the_same_push_or_of_an_earlier_one(company: Sessions) -> None:
    send(company, submission(A, order_body()), withdrawal(B, A))
    send(company, withdrawal(C, A))
    expected = "Withdrawal of Order for Customer C1, 1 line"
    assert (titles(company)[B], titles(company)[C]) == (expected, expected)


def test_a_withdrawal_of_another_reps_document_does_not_name_it(company: Sessions) -> None:
    send(company, submission(A, order_body()))
    send(company, withdrawal(B, A), rep="R2")
    assert titles(company)[B] == f"Withdrawal of {A}"


def test_a_title_does_not_name_what_the_rep_may_not_read(company: Sessions) -> None:
    say(company, customer("C9", "SE", name="Secret AG"))
    send(company, submission(A, {**order_body(), "customer_id": "C9"}))
    assert titles(company)[A] == "Order for C9, 1 line"


def test_a_deleted_customer_is_named_by_its_key(company: Sessions) -> None:
    say(company, Gone("customers", "C1"))
    send(company, submission(A, order_body()))
    assert titles(company)[A] == "Order for C1, 1 line"


def test_a_document_stored_by_an_older_version_is_named_by_its_keys(company: Sessions) -> None:
    send(company, submission(A, order_body()))
    with company() as session, session.begin():
        session.execute(update(Submission).values(title=None))
    assert titles(company)[A] == "Order for C1, 1 line"


def test_titles_cost_no_statement_per_document(company: Sessions) -> None:
    """One statement per push that holds withdrawals or change requests, and none for other documents."""
    count = 0

    def executed(*arguments: Any) -> None:
        nonlocal count
        count += "submission.title" in arguments[2]

    engine = engine_of(company)
    event.listen(engine, "before_cursor_execute", executed)
    try:
        send(company, submission(A, order_body()))
        before, count = count, 0
        send(company, submission(B, order_body()), submission(C, order_body()))
        assert count == before
    finally:
        event.remove(engine, "before_cursor_execute", executed)
