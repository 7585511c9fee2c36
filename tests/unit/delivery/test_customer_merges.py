"""A customer was merged into another while a document waited: it is sent for the other, visibly."""

import json
from typing import Any

import pytest

from backend.delivery.customer_merges import redirect_merged_customer
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.errors import ErrorClass as C
from backend.erp.records import Document, ErpDocument, Outcome
from backend.feed.customer_merges import MAX_MERGES
from backend.identity.access import assign, set_role
from backend.identity.models import Rep
from sync_protocol.submission import State
from tests.unit.delivery.inbox_fixture import ORDER, InboxFixture


def customer(id: str, replaced_by: str | None = None, *addresses: str) -> dict[str, Any]:
    return {
        "id": id, "number": None, "name": f"Name of {id}", "kind": "organisation",
        "status": "closed" if replaced_by else "active", "block_order": False, "block_delivery": False,
        "territory": "NW", "group": None, "tax_id": None, "language": None, "currency": "EUR",
        "price_list_id": None, "payment_term": None, "notes": None, "replaced_by": replaced_by,
        "addresses": [
            {"id": a, "name": None, "uses": ["delivery"], "lines": [], "city": None, "region": None,
             "postal_code": None, "country": None}
            for a in addresses
        ],
    }  # fmt: skip


CANARY = "Canary"
"""In the name, number and address of a customer that the rep has no access to."""


@pytest.fixture
def inbox(inbox: InboxFixture) -> InboxFixture:
    """The inbox of a rep who hears the territory NW."""
    with inbox.sessions() as session, session.begin():
        session.add(Rep(id="R1", name="Rep R1", role="sales", active=True))
        session.flush()
        set_role(session, "sales", ["customers", "submissions"])
        assign(session, "R1", "territory:NW", inbox.clock.now())
    return inbox


def foreign_customer(id: str, *addresses: str) -> dict[str, Any]:
    names = {"name": f"{CANARY} of {id}", "number": f"{CANARY}-{id}", "territory": "SE"}
    return {**customer(id, None, *addresses), **names}


def sent_body(inbox: InboxFixture) -> dict[str, Any]:
    bodies = [entry["body"] for entry in inbox.erp.executed if entry["event"] == "create"]
    assert len(bodies) == 1
    return bodies[0]


def test_a_document_is_sent_for_the_remaining_customer_of_a_merge(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1", None, "A1"), customer("C2", None, "A2"))
    id = inbox.capture({**ORDER, "ship_to_id": "A1"})
    inbox.publish("customers", customer("C1", "C2", "A1"))
    inbox.forwarder().drain()
    assert sent_body(inbox) == {**ORDER, "customer_id": "C2", "ship_to_id": None}
    record = inbox.record(id)
    words = "Sent for Name of C2 (C2), into which Name of C1 (C1) was merged in the ERP"
    warning = "the delivery address belongs to the old one, so the ERP's default address is used"
    assert (record["state"], record["body"]["customer_id"]) == ("accepted", "C1"), "what was captured stays"
    assert record["reason"] == f"{words}; {warning}"


def test_the_timeline_has_a_merge_once_however_often_it_is_tried(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1", "C2"), customer("C2"))
    id = inbox.capture()
    inbox.erp.script("create", "503", "503", "ok")
    for _ in range(3):
        inbox.forwarder().drain()
        inbox.later(minutes=5)
    assert inbox.states(id) == ["accepted"]
    notes = inbox.notes(id)
    assert sum("was merged" in note for note in notes if note) == 2, "once on the way, once with its outcome"


def test_a_reason_of_the_erp_is_kept_beside_the_merge(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1", "C2"), customer("C2"))
    id = inbox.capture()
    inbox.erp.script("advance", "on_hold")
    inbox.forwarder().drain()
    assert inbox.record(id)["reason"].startswith("credit limit. Sent for Name of C2")


def test_an_address_that_both_customers_have_is_kept(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1", "C2", "A1"), customer("C2", None, "A1"))
    inbox.capture({**ORDER, "ship_to_id": "A1"})
    inbox.forwarder().drain()
    assert sent_body(inbox)["ship_to_id"] == "A1"


def test_merges_in_a_row_are_followed_to_the_last(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1", "C2"), customer("C2", "C3"), customer("C3"))
    inbox.capture()
    inbox.forwarder().drain()
    assert sent_body(inbox)["customer_id"] == "C3"


@pytest.mark.parametrize(
    "records",
    [
        [],
        [customer("C1")],
        [customer("C1", "C9")],
        [customer("C1", "C1")],
        [customer("C1", "C2"), customer("C2", "C1")],
        [customer(f"C{n}", f"C{n + 1}") for n in range(1, MAX_MERGES + 3)],
    ],
    ids=["unknown", "not merged", "into nobody known", "into itself", "in a circle", "without end"],
)
def test_a_merge_without_a_target_is_left_to_the_erp(
    inbox: InboxFixture, records: list[dict[str, Any]]
) -> None:
    inbox.publish("customers", *records)
    with inbox.sessions() as session:
        assert redirect_merged_customer(session, ORDER, "R1") is None


def test_a_claim_is_re_pointed_and_one_without_a_customer_is_not_touched(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1", "C2"), customer("C2"))
    with inbox.sessions() as session:
        redirected = redirect_merged_customer(session, {"customer_id": "C1", "project": None}, "R1")
        assert redirected is not None and redirected.body["customer_id"] == "C2"
        assert redirect_merged_customer(session, {"customer_id": None, "project": "P"}, "R1") is None
        assert redirect_merged_customer(session, {"project": "P"}, "R1") is None


# The rep does not hear the other customer


def names_foreign_customer(step: State | ErrorClass) -> Any:
    """An answer of the ERP that tells of the customer it was sent for."""
    words = f"{CANARY} of C2 has a credit limit of 9.00 EUR"

    def advance(document: Document, erp_document: ErpDocument) -> Outcome:
        fault = {"field": "customer_id", "message": words}
        return Outcome(step, erp_document.external_id, "SO1", words, raw=words, errors=(fault,), advice=words)

    def create(document: Document) -> ErpDocument:
        raise ErpError(step, words, raw=words, field="customer_id", advice=words)

    return advance if isinstance(step, State) else create


ANSWERS = [State.ACCEPTED, State.ON_HOLD, State.REJECTED, *(c for c in ErrorClass if c is not C.DUPLICATE_OK)]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.value)
def test_a_rep_learns_nothing_of_a_customer_that_the_rep_has_no_access_to(
    inbox: InboxFixture, answer: Any
) -> None:
    inbox.publish("customers", customer("C1", "C2"), foreign_customer("C2"))
    id = inbox.capture()
    setattr(inbox.erp, "advance" if isinstance(answer, State) else "create", names_foreign_customer(answer))
    inbox.forwarder().drain()
    assert CANARY not in json.dumps(inbox.record(id))
    assert inbox.record(id)["reason"]
    assert CANARY in json.dumps(inbox.notes(id)), "the office reads it in the timeline"
    if answer is not State.ACCEPTED:
        assert "9.00" in (inbox.row(id).raw_reason or "")
    if answer is State.ON_HOLD:
        reason = "The ERP has it on hold; the office decides. Sent for another customer, into which "
        assert inbox.record(id)["reason"] == f"{reason}Name of C1 (C1) was merged in the ERP"


def test_a_rep_does_not_see_the_new_name_of_a_customer_outside_the_territory(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1"))
    id = inbox.capture()
    inbox.publish("customers", {**foreign_customer("C1"), "replaced_by": "C2"}, foreign_customer("C2"))
    inbox.forwarder().drain()
    assert inbox.record(id)["reason"] == "Sent for another customer, into which this one was merged in the ERP"


def test_a_rep_whose_role_has_no_customers_gets_no_name(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1", "C2"), customer("C2"))
    with inbox.sessions() as session, session.begin():
        set_role(session, "sales", ["submissions"])
    id = inbox.capture()
    inbox.forwarder().drain()
    assert "Name of" not in json.dumps(inbox.record(id))


def test_a_reason_about_a_visible_customer_is_not_changed(inbox: InboxFixture) -> None:
    inbox.publish("customers", customer("C1", "C2"), customer("C2"))
    id = inbox.capture()
    inbox.erp.advance = names_foreign_customer(State.ON_HOLD)
    inbox.forwarder().drain()
    assert "credit limit of 9.00 EUR. Sent for Name of C2" in inbox.record(id)["reason"]
