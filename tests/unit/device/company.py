"""A small company's records, enough for an order, a forecast and a claim."""

from typing import Any

from sync_protocol.catalogue import COLLECTIONS
from tests.unit.device.feed import Feed

TERRITORY = "territory:NW"


def publish(feed: Feed) -> None:
    """Grant and publish everything."""
    everyone = ("units", "warehouses", "products", "price_lists", "prices", "expense_categories", "freshness")
    local = ("customers", "contacts", "orders", "receivables", "credit")
    feed.grant(*(("everyone", name) for name in everyone))
    feed.grant(*((TERRITORY, name) for name in local), ("warehouse:W1", "stock_levels"))
    for channel, collection, record in records():
        assert COLLECTIONS[collection].faults(record) == [], (collection, record)
        feed.put(channel, collection, record["id"], record)


def records() -> list[tuple[str, str, dict[str, Any]]]:
    """Return (channel, collection, record) of everything."""
    return [
        ("everyone", "units", unit("pc", "Piece", 0)),
        ("everyone", "units", unit("box", "Box", 0)),
        ("everyone", "warehouses", {"id": "W1", "name": "Main"}),
        ("everyone", "products", product("P1", "Pencil")),
        ("everyone", "products", product("P2", "Müller Pen", sellable=False)),
        ("everyone", "price_lists", price_list("L1")),
        ("everyone", "prices", price("p1", "P1", "1.50")),
        ("everyone", "prices", price("p2", "P1", "1.20", least="100")),
        ("everyone", "expense_categories", category("meals")),
        ("everyone", "freshness", {"id": "customers", "as_of": "2026-11-23T08:00:00Z"}),
        (TERRITORY, "customers", customer("C1", "Alpha Café")),
        (TERRITORY, "customers", customer("C2", "Beta Stores")),
        (TERRITORY, "contacts", contact("c1", "C1")),
        ("warehouse:W1", "stock_levels", stock("P1@W1", "P1")),
    ]


def customer(key: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": key, "number": f"N-{key}", "name": name, "kind": "organisation", "status": "active",
        "block_order": False, "block_delivery": False, "territory": "NW", "group": None, "tax_id": None,
        "language": "en", "currency": "EUR", "price_list_id": "L1", "payment_term": None,
        "addresses": [], "notes": None, "replaced_by": None,
    } | more  # fmt: skip


def contact(key: str, customer_id: str) -> dict[str, Any]:
    return {"id": key, "customer_id": customer_id, "name": "Ann", "role": None, "phones": [], "emails": []}


def unit(key: str, name: str, decimals: int) -> dict[str, Any]:
    return {"id": key, "name": name, "symbol": key, "category": "u", "factor": "1", "decimals": decimals}


def product(key: str, name: str, *, sellable: bool = True) -> dict[str, Any]:
    return {
        "id": key, "sku": f"SKU-{key}", "name": name, "kind": "product", "group": None, "base_unit": "pc",
        "units": [{"unit": "pc", "factor": "1"}, {"unit": "box", "factor": "12"}], "barcodes": [],
        "active": True, "sellable": sellable, "fits": [], "replaced_by": None,
    }  # fmt: skip


def price_list(key: str) -> dict[str, Any]:
    return {
        "id": key,
        "name": key,
        "currency": "EUR",
        "tax_included": False,
        "valid_from": None,
        "valid_to": None,
    }


def price(key: str, product_id: str, amount: str, least: str = "0", **more: Any) -> dict[str, Any]:
    return {
        "id": key, "price_list_id": "L1", "product_id": product_id, "unit": "pc", "min_quantity": least,
        "amount": amount, "currency": "EUR", "valid_from": None, "valid_to": None,
    } | more  # fmt: skip


def category(key: str) -> dict[str, Any]:
    return {
        "id": key, "name": "Meals", "currency": "EUR", "limit_per_line": "100.00", "receipt_above": "20.00",
        "active": True,
    }  # fmt: skip


def stock(key: str, product_id: str) -> dict[str, Any]:
    return {
        "id": key, "product_id": product_id, "warehouse_id": "W1", "unit": "pc", "on_hand": "10",
        "reserved": "2", "available": "8", "incoming": [], "as_of": "2026-11-23T08:00:00Z",
    }  # fmt: skip


def order_body(customer_id: str = "C1", quantity: str = "3", **more: Any) -> dict[str, Any]:
    line = {"line_no": 1, "product_id": "P1", "quantity": quantity, "unit": "pc", "unit_price": "1.50"}
    return {"customer_id": customer_id, "order_date": "2026-11-23", "currency": "EUR", "lines": [line]} | more


def claim_body(*refs: str, amount: str = "42.00") -> dict[str, Any]:
    line = {
        "line_no": 1, "date": "2026-11-23", "category_id": "meals", "description": "Lunch", "amount": amount,
        "receipts": list(refs),
    }  # fmt: skip
    return {"purpose": "Visit", "customer_id": "C1", "currency": "EUR", "lines": [line]}
