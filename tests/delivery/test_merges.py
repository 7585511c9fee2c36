"""A customer was merged into another while a document waited: it is sent for the other, visibly."""

from typing import Any

import pytest

from backend.delivery.merges import MOST_MERGES, repointed
from tests.delivery.desk import ORDER, Desk


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


def sent_body(desk: Desk) -> dict[str, Any]:
    bodies = [entry["body"] for entry in desk.erp.ledger if entry["event"] == "create"]
    assert len(bodies) == 1
    return bodies[0]


def test_it_is_sent_for_the_customer_that_is_left(desk: Desk) -> None:
    desk.publish("customers", customer("C1", None, "A1"), customer("C2", None, "A2"))
    id = desk.capture({**ORDER, "ship_to_id": "A1"})
    desk.publish("customers", customer("C1", "C2", "A1"))
    desk.forwarder().drain()
    assert sent_body(desk) == {**ORDER, "customer_id": "C2", "ship_to_id": None}
    record = desk.record(id)
    words = "Sent for Name of C2 (C2), into which Name of C1 (C1) was merged in the ERP"
    more = "the delivery address was the old one's, so the ERP's usual one is taken"
    assert (record["state"], record["body"]["customer_id"]) == ("accepted", "C1"), "what was captured stays"
    assert record["reason"] == f"{words}; {more}"


def test_the_timeline_tells_it_once_however_often_it_is_tried(desk: Desk) -> None:
    desk.publish("customers", customer("C1", "C2"), customer("C2"))
    id = desk.capture()
    desk.erp.script("create", "503", "503", "ok")
    for _ in range(3):
        desk.forwarder().drain()
        desk.later(minutes=5)
    assert desk.states(id) == ["accepted"]
    notes = desk.notes(id)
    assert sum("was merged" in note for note in notes if note) == 2, "once on the way, once with its outcome"


def test_a_word_of_the_erp_is_kept_beside_it(desk: Desk) -> None:
    desk.publish("customers", customer("C1", "C2"), customer("C2"))
    id = desk.capture()
    desk.erp.script("advance", "on_hold")
    desk.forwarder().drain()
    assert desk.record(id)["reason"].startswith("credit limit. Sent for Name of C2")


def test_an_address_that_the_other_has_too_is_kept(desk: Desk) -> None:
    desk.publish("customers", customer("C1", "C2", "A1"), customer("C2", None, "A1"))
    desk.capture({**ORDER, "ship_to_id": "A1"})
    desk.forwarder().drain()
    assert sent_body(desk)["ship_to_id"] == "A1"


def test_merges_in_a_row_are_followed_to_the_last(desk: Desk) -> None:
    desk.publish("customers", customer("C1", "C2"), customer("C2", "C3"), customer("C3"))
    desk.capture()
    desk.forwarder().drain()
    assert sent_body(desk)["customer_id"] == "C3"


@pytest.mark.parametrize(
    "records",
    [
        [],
        [customer("C1")],
        [customer("C1", "C9")],
        [customer("C1", "C1")],
        [customer("C1", "C2"), customer("C2", "C1")],
        [customer(f"C{n}", f"C{n + 1}") for n in range(1, MOST_MERGES + 3)],
    ],
    ids=["unknown", "not merged", "into nobody known", "into itself", "in a circle", "without end"],
)
def test_what_leads_nowhere_is_left_to_the_erp(desk: Desk, records: list[dict[str, Any]]) -> None:
    desk.publish("customers", *records)
    with desk.sessions() as session:
        assert repointed(session, ORDER) == (ORDER, None)


def test_a_claim_is_re_pointed_and_one_without_a_customer_is_not_touched(desk: Desk) -> None:
    desk.publish("customers", customer("C1", "C2"), customer("C2"))
    with desk.sessions() as session:
        body, words = repointed(session, {"customer_id": "C1", "project": None})
        assert body["customer_id"] == "C2" and words is not None
        assert repointed(session, {"customer_id": None, "project": "P"})[1] is None
        assert repointed(session, {"project": "P"})[1] is None
