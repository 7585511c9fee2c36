"""Prices, as Tryton computes them per list, product, unit and least quantity."""

from decimal import ROUND_CEILING, Decimal
from typing import Any

from backend.connectors.tryton.mapping.price_lists import list_key
from backend.connectors.tryton.mapping.text import key, money, quantity


def price_key(price_list: int | None, product: int, unit: int, least: Decimal) -> str:
    """Return the key of a price. It is stable as long as the list has the same quantities."""
    return f"{list_key(price_list)}-{product}-{unit}-{quantity(least)}"


def least_quantities(breaks: set[Decimal], factor: Decimal, digits: int) -> list[Decimal]:
    """Return the minimum quantities of the prices, ascending; the first is 0.

    *breaks* are in the list's unit, of which one of the wanted unit is *factor*; a unit of whole
    numbers begins at the next whole one (50 pieces are 5 boxes of 12).
    """
    step = Decimal(1).scaleb(-digits)
    quantities = {(amount / factor).quantize(step, ROUND_CEILING) for amount in breaks if amount > 0}
    return [Decimal(0), *sorted(amount for amount in quantities if amount > 0)]


def record(raw: dict[str, Any]) -> dict[str, Any]:
    """Return a price; *raw*: list, product, unit, least, amount, currency."""
    return {
        "id": price_key(raw["list"], raw["product"], raw["unit"], raw["least"]),
        "price_list_id": list_key(raw["list"]),
        "product_id": key(raw["product"]),
        "unit": key(raw["unit"]),
        "min_quantity": quantity(raw["least"]),
        "amount": money(raw["amount"]),
        "currency": raw["currency"],
        "valid_from": None,
        "valid_to": None,
    }
