"""What Tryton or the office stands against: each refusal has a class, a field and words."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from backend.connectors.tryton.adapter import TrytonConnector
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document
from sync_protocol.submission import State
from tests.services import TrytonServer
from tests.unit.connectors.tryton.tryton_fixture import TrytonFixture


@pytest.fixture(scope="module")
def tryton(tryton_server: TrytonServer) -> Iterator[TrytonFixture]:
    with tryton_server.fresh("refusals") as server, closing(TrytonFixture(server)) as fixture:
        yield fixture


@pytest.fixture
def connector(tryton: TrytonFixture) -> Iterator[TrytonConnector]:
    with closing(tryton.connect()) as connector:
        yield connector


def _for(tryton: TrytonFixture, customer: dict[str, Any]) -> Document:
    return tryton.order(
        customer_id=str(customer["id"]),
        ship_to_id=str(customer["address"]),
        price_list_id=str(customer["price_list"]),
    )


def test_an_order_over_the_limit_waits_in_tryton_until_the_office_lets_it_go(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    customer = tryton.customer(id=tryton.summary["over_limit_customer"])
    order = _for(tryton, customer)
    created = connector.create(order)
    outcome = connector.advance(order, created)
    assert outcome.state is State.ON_HOLD
    assert outcome.external_id == created.external_id
    assert outcome.number
    assert outcome.reason is not None
    assert "credit limit of 50.00 EUR" in outcome.reason
    assert "this order adds 54.25 EUR" in outcome.reason
    assert "will exceed their" in (outcome.raw or "")
    assert outcome.advice.startswith("Raise the credit limit of ")
    assert outcome.advice.endswith(" or take a payment, then confirm the order in Tryton, or cancel it there.")
    [sale] = tryton.reader.sales(order.id)
    assert sale["state"] == "quotation"
    assert connector.advance(order, created).state is State.ON_HOLD
    tryton.office("party.party", "write", [customer["id"]], {"credit_limit_amount": Decimal(5000)})
    assert connector.advance(order, created).state is State.ACCEPTED
    tryton.office("party.party", "write", [customer["id"]], {"credit_limit_amount": Decimal(50)})


def test_a_refusal_for_a_merged_customer_is_shown_to_the_office_only(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    """Satchel has not read of the merge, so it cannot know whether the rep hears of the other customer."""
    left = tryton.customer(id=tryton.summary["over_limit_customer"])
    gone = tryton.summary["customers"][14]
    [name] = (row["name"] for row in tryton.office("party.party", "read", [left["id"]], ["name"]))
    merged = {"replaced_by": left["id"], "active": False}
    tryton.office("party.party", "write", [gone["id"]], merged)
    order = _for(tryton, gone)
    with pytest.raises(
        ErpError, match="no longer an address of the customer into which this one was merged"
    ) as refused:
        connector.create(order)
    assert name not in refused.value.raw
    order.body["ship_to_id"] = None
    outcome = connector.advance(order, connector.create(order))
    assert outcome.state is State.ON_HOLD
    assert name not in (outcome.reason or "") and "50.00" not in (outcome.reason or "")
    assert name in (outcome.raw or "") and "credit limit of 50.00 EUR" in (outcome.raw or "")
    assert name in outcome.advice
    tryton.office("party.party", "write", [left["id"]], {"active": False})
    with pytest.raises(ErpError, match="the customer into which this one was merged is closed") as refused:
        connector.create(_for(tryton, gone))
    assert name not in refused.value.raw
    tryton.office("party.party", "write", [left["id"]], {"active": True})


def test_the_order_of_a_blocked_customer_is_quoted_and_held(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    [blocked] = tryton.office("party.category", "create", [{"name": "Blocked"}])
    customer = tryton.summary["customers"][9]
    tryton.office("party.party", "write", [customer["id"]], {"categories": [["add", [blocked]]]})
    order = _for(tryton, customer)
    outcome = connector.advance(order, connector.create(order))
    assert outcome.state is State.ON_HOLD
    assert "is blocked" in (outcome.reason or "")
    assert "from the category that blocks it, then confirm the order in Tryton" in outcome.advice
    assert tryton.reader.sales(order.id)[0]["state"] == "quotation"


def test_an_order_that_the_office_cancelled_is_rejected(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    order = tryton.order()
    created = connector.create(order)
    tryton.office("sale.sale", "cancel", [int(created.external_id)])
    outcome = connector.advance(order, created)
    assert outcome.state is State.REJECTED
    assert "cancelled" in (outcome.reason or "")


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"customer_id": "999999"}, "customer_id", "no longer has this customer"),
        ({"ship_to_id": "1"}, "ship_to_id", "no longer an address of"),
        ({"warehouse_id": None}, "warehouse_id", "Choose the warehouse"),
        ({"warehouse_id": "1"}, "warehouse_id", "no longer has this warehouse"),
        ({"currency": "XTS"}, "currency", "currency XTS"),
        ({"product": "999999"}, "lines[1].product_id", "no longer has this product"),
        ({"unit": "kg"}, "lines[1].unit", "not sold in this unit"),
    ],
)
def test_a_fault_that_the_rep_can_fix_is_refused_before_anything_is_created(
    tryton: TrytonFixture, connector: TrytonConnector, changes: dict[str, Any], field: str, words: str
) -> None:
    product, unit = changes.pop("product", None), changes.pop("unit", None)
    order = tryton.order(**changes)
    if product:
        order.body["lines"][1]["product_id"] = product
    if unit:
        order.body["lines"][1]["unit"] = str(tryton.summary["units"][unit])
    with pytest.raises(ErpError, match=words) as refused:
        connector.create(order)
    assert refused.value.field == field
    assert refused.value.error_class in (ErrorClass.REJECT_REP, ErrorClass.REJECT_OFFICE)
    assert tryton.reader.sales(order.id) == []


def test_products_and_customers_that_are_closed_are_refused(
    tryton: TrytonFixture, connector: TrytonConnector
) -> None:
    product, customer = list(tryton.products())[-1], tryton.summary["customers"][12]
    template = tryton.office.read_one("product.product", product["id"], "template")["template"]
    tryton.office("product.template", "write", [template], {"salable": False})
    tryton.office("party.party", "write", [customer["id"]], {"active": False})
    order = tryton.order()
    order.body["lines"][0]["product_id"] = str(product["id"])
    with pytest.raises(ErpError, match="no longer for sale") as refused:
        connector.create(order)
    assert refused.value.field == "lines[0].product_id"
    with pytest.raises(ErpError, match="is closed"):
        connector.create(_for(tryton, customer))
