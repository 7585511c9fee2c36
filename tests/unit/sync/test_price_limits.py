"""An order with prices that its rep may not grant waits for the office, and the rep reads why."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.delivery.park_reasons import APPROVAL, class_of
from backend.feed import compaction, former
from backend.feed.models import FormerRecord, PositionTime
from backend.identity.models import AuditEntry
from backend.inbox.models import Submission
from backend.office.action import ActionRequest
from backend.office.actions import ACTIONS
from backend.office.errors import ActionRefused
from backend.office.roles import ROLES, Permission, Role
from backend.office.service import act
from backend.sync import grants
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Gone, Put
from tests.unit.sync.company import customer, master_data, order_body, product, reps, say, submission
from tests.unit.sync.prices import exception, limit, price, price_list
from tests.unit.sync.pushing import A, B, send
from tests.unit.sync.replica import NOW

WAITS = "; the order will wait until the office decides"
LISTED_12 = "the lowest price that you may grant: the list price is 12.00, and you may grant 10 %"


@pytest.fixture(autouse=True)
def company(sessions: Sessions) -> None:
    reps(sessions)
    master_data(sessions)
    say(
        sessions,
        price_list("L1"),
        price_list("L2"),
        price("p1", "12.00"),
        price("cheap", "1.00", price_list_id="L2"),
        customer("C1", "NW", price_list_id="L1", group="Trade"),
        limit(),
    )


def body(unit_price: str, discount: str = "0", **fields: Any) -> dict[str, Any]:
    line = {
        "line_no": 1, "product_id": "P1", "quantity": "3", "unit": "u", "unit_price": unit_price,
        "discount_percent": discount,
    }  # fmt: skip
    return order_body(lines=[line], price_list_id="L1") | fields


def pushed(sessions: Sessions, document: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    [result] = send(sessions, document)
    assert (result["status"], result["errors"]) == ("received", [])
    return result["state"], [(w["code"], w["message"].removesuffix(WAITS)) for w in result["warnings"]]


def outcome(sessions: Sessions, **fields: Any) -> tuple[str, list[str]]:
    state, warnings = pushed(sessions, submission(A, fields.pop("body")))
    return state, [code for code, _ in warnings]


@pytest.mark.both_dialects
def test_a_cent_less_100_percent_waits_for_the_office(sessions: Sessions) -> None:
    state, warnings = pushed(sessions, submission(A, body("0.01", "100")))
    assert (state, warnings) == (
        "parked", [("price_below_limit", "you may not give it away free of charge")]
    )  # fmt: skip
    with sessions() as session:
        row = session.scalars(select(Submission)).one()
        assert (row.owner, class_of(row)) == ("office", APPROVAL)
        assert row.reason is not None and "free of charge" in row.reason


def test_the_office_approves_an_order_beyond_the_limit_and_a_retry_does_not(sessions: Sessions) -> None:
    pushed(sessions, submission(A, body("1.00")))
    request = ActionRequest(by="anna", actor="user:anna", now=NOW, reservation=dt.timedelta(minutes=5))
    with sessions() as session, session.begin():
        row = session.scalars(select(Submission)).one()
        with pytest.raises(ActionRefused, match="waits for an approval"):
            act(session, ACTIONS["retry"], row, request)
        act(session, ACTIONS["approve"], row, request)
        assert row.state == "queued"
    with sessions() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.actor, entry.subject, entry.action.rpartition(".")[2]) == ("user:anna", A, "approve")
    assert Permission.DECIDE not in ROLES[Role.IT].permissions
    assert ACTIONS["approve"].permission is Permission.DECIDE


def test_only_what_waits_for_an_approval_can_be_approved(sessions: Sessions) -> None:
    pushed(sessions, submission(A, body("12.00")))
    request = ActionRequest(by="anna", actor="user:anna", now=NOW, reservation=dt.timedelta(minutes=5))
    with sessions() as session:
        row = session.scalars(select(Submission)).one()
        row.state, row.error_class = "parked", "config"
        with pytest.raises(ActionRefused, match="does not wait for an approval"):
            act(session, ACTIONS["approve"], row, request)


@pytest.mark.parametrize(
    ("unit_price", "discount"), [("12.00", "0"), ("12.00", "10"), ("10.80", "0"), ("12", "9.9999")]
)
@pytest.mark.both_dialects
def test_what_the_rep_may_grant_is_queued(sessions: Sessions, unit_price: str, discount: str) -> None:
    assert pushed(sessions, submission(A, body(unit_price, discount))) == ("queued", [])


@pytest.mark.parametrize(
    ("unit_price", "discount", "code", "message"),
    [
        ("10.79", "0", "price_below_limit", f"10.79 is below 10.80 EUR, {LISTED_12}"),
        ("12.00", "10.01", "price_below_limit", f"10.7988 is below 10.80 EUR, {LISTED_12}"),
        ("11.99", "10", "price_below_limit", f"10.791 is below 10.80 EUR, {LISTED_12}"),
        ("12.01", "0", "price_above_list", "the price is above the list price, 12.00 EUR"),
    ],
)
def test_a_cent_too_much_waits_and_the_limit_is_told(
    sessions: Sessions, unit_price: str, discount: str, code: str, message: str
) -> None:
    assert pushed(sessions, submission(A, body(unit_price, discount))) == ("parked", [(code, message)])


@pytest.mark.parametrize(
    ("changes", "unit_price", "granted"),
    [
        ([limit(free_of_charge=True)], "0", True),
        ([limit("100")], "0", False),
        ([price("p1", "0.00")], "0", True),
        ([limit(above_list=True)], "99.00", True),
        ([limit("10", exception("50", customers="Trade"))], "6.00", True),
        ([limit("10", exception("50", customers="Other"))], "6.00", False),
        ([limit("50", exception("0", customers="Trade"))], "11.99", False),
        ([limit("50"), price("p1", "12.00", min_amount="11.00")], "10.99", False),
        ([limit("50"), price("p1", "12.00", min_amount="11.00")], "11.00", True),
        ([price("p1", "12.00", min_amount="13.00")], "12.00", True),
        ([price("p1", "12.00", currency="USD")], "12.00", False),
        ([Gone("price_limits", "R1")], "0", True),
    ],
)
def test_the_limit_is_data(
    sessions: Sessions, changes: list[Put | Gone], unit_price: str, granted: bool
) -> None:
    say(sessions, *changes)
    with sessions() as session, session.begin():
        former.delete_expired(session, 1_000_000)
    assert pushed(sessions, submission(A, body(unit_price)))[0] == ("queued" if granted else "parked")


def test_an_exception_for_products_counts_before_one_for_customers(sessions: Sessions) -> None:
    groups = exception("50", customers="Trade"), exception("5", products="Pens")
    say(sessions, limit("10", *groups), Put("products", "P1", {**product("P1").record, "group": "Pens"}))
    assert outcome(sessions, body=body("11.00")) == ("parked", ["price_below_limit"])


@pytest.mark.parametrize("cited", ["L2", None])
def test_the_list_that_an_order_cites_is_not_trusted(sessions: Sessions, cited: str | None) -> None:
    assert outcome(sessions, body=body("1.00", price_list_id=cited)) == ("parked", ["price_not_listed"])


def test_a_customer_without_a_list_has_no_list_price_if_there_are_several(sessions: Sessions) -> None:
    say(sessions, customer("C3", "NW"))
    document = body("1.00", price_list_id="L2", customer_id="C3")
    assert outcome(sessions, body=document) == ("parked", ["price_not_listed"])


def test_no_currency_turns_a_listed_product_into_one_without_a_price(sessions: Sessions) -> None:
    say(sessions, limit(without_list_price=True))
    assert outcome(sessions, body=body("0.01", currency="KRW")) == ("parked", ["price_not_listed"])


def test_the_only_list_holds_for_a_customer_without_one(sessions: Sessions) -> None:
    say(sessions, Gone("price_lists", "L2"), Gone("prices", "cheap"), customer("C3", "NW"))
    assert outcome(sessions, body=body("12.00", customer_id="C3")) == ("queued", [])
    document = submission(B, body("10.00", customer_id="C3"))
    assert pushed(sessions, document)[0] == "parked"


@pytest.mark.both_dialects
def test_a_price_that_was_right_at_capture_holds_until_no_phone_can_have_it(sessions: Sessions) -> None:
    say(sessions, price("p1", "20.00"))
    assert outcome(sessions, body=body("12.00")) == ("queued", [])
    say(sessions, Gone("prices", "p1"))
    assert pushed(sessions, submission(B, body("12.00", "10")))[0] == "queued"
    with sessions() as session, session.begin():
        head = max(session.scalars(select(FormerRecord.position)))
        former.delete_expired(session, head)
    third = submission("01KB0000000000000000000003", body("12.00"))
    assert pushed(sessions, third)[0] == "parked"


@pytest.mark.both_dialects
def test_a_list_that_was_the_customers_at_capture_holds(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW", price_list_id="L2"))
    assert outcome(sessions, body=body("12.00")) == ("queued", [])


@pytest.mark.parametrize(
    ("order_date", "captured_at", "state"),
    [
        ("2026-11-01", "2026-11-23T08:00:00Z", "queued"),
        ("2026-11-23", "2026-11-01T08:00:00Z", "queued"),
        ("2026-11-23", "2026-11-23T08:00:00Z", "parked"),
        ("2026-06-01", "2026-11-23T08:00:00Z", "parked"),
        ("2026-06-01", "2026-06-01T08:00:00Z", "parked"),
    ],
)
def test_an_old_price_holds_for_a_recent_day_only(
    sessions: Sessions, order_date: str, captured_at: str, state: str
) -> None:
    """The order date and the time of the capture come from the phone."""
    say(sessions, price("p1", "12.00", valid_from="2026-11-20"))
    say(sessions, price("old", "6.00", valid_to="2026-11-19"))
    with sessions() as session, session.begin():
        former.delete_expired(session, 1_000_000)
    document = submission(A, body("6.00", order_date=order_date), captured_at=captured_at)
    assert pushed(sessions, document)[0] == state


def test_amounts_are_not_told_to_a_rep_whose_role_has_no_prices(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        grants.set_role(session, "sales", set(COLLECTIONS) - {"prices"})
    _, [(code, message)] = pushed(sessions, submission(A, body("1.00")))
    assert (code, "12" in message) == ("price_below_limit", False)


def test_an_order_that_waits_for_a_receipt_is_not_queued_by_its_arrival(sessions: Sessions) -> None:
    document = submission(A, body("1.00"), needs=["sha256:" + "0" * 64])
    assert pushed(sessions, document)[0] == "parked"


@pytest.mark.parametrize("change", [price("p1", "13.00"), Gone("prices", "p1")], ids=["changed", "deleted"])
def test_former_prices_are_deleted_with_old_tombstones(
    sessions: Sessions, clock: ManualClock, change: Put | Gone
) -> None:
    head = say(sessions, change)
    days_ago = clock.now() - dt.timedelta(days=31)
    with sessions() as session, session.begin():
        session.add(PositionTime(position=head - 1, at=days_ago))
    compaction.compact(sessions, clock, 30)
    assert former_keys(sessions) == ["p1"]
    with sessions() as session, session.begin():
        session.add(PositionTime(position=head, at=days_ago))
    compaction.compact(sessions, clock, 30)
    assert former_keys(sessions) == []


def former_keys(sessions: Sessions) -> list[str]:
    with sessions() as session:
        return list(session.scalars(select(FormerRecord.key)))


def test_an_unchanged_price_list_of_a_customer_leaves_nothing(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        former.delete_expired(session, 1_000_000)
    say(sessions, customer("C1", "NW", price_list_id="L1", name="Renamed"))
    assert former_keys(sessions) == []
