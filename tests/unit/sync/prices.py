"""Prices and limits for the tests of what a rep may grant."""

from typing import Any

from sync_protocol.change import Put


def price_list(id: str) -> Put:
    record = {
        "id": id, "name": f"List {id}", "currency": "EUR", "tax_included": False,
        "valid_from": None, "valid_to": None,
    }  # fmt: skip
    return Put("price_lists", id, record)


def price(id: str, amount: str, **fields: Any) -> Put:
    record = {
        "id": id, "price_list_id": "L1", "product_id": "P1", "unit": "u", "min_quantity": "0",
        "amount": amount, "currency": "EUR", "valid_from": None, "valid_to": None,
    }  # fmt: skip
    return Put("prices", id, {**record, **fields})


def limit(discount: str = "10", *exceptions: dict[str, Any], rep: str = "R1", **fields: Any) -> Put:
    record = {
        "id": rep, "max_discount_percent": discount, "exceptions": list(exceptions),
        "free_of_charge": False, "above_list": False, "without_list_price": False,
    }  # fmt: skip
    return Put("price_limits", rep, {**record, **fields})


def exception(percent: str, *, customers: str | None = None, products: str | None = None) -> dict[str, Any]:
    return {"customer_group": customers, "product_group": products, "max_discount_percent": percent}
