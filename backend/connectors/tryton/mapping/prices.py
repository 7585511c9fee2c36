"""Prices, as Tryton computes them per list, product, unit and least quantity."""

import math
from decimal import Decimal
from fractions import Fraction

from backend.connectors.tryton.mapping.price_lists import list_key
from backend.connectors.tryton.mapping.text import key, money, quantity
from backend.connectors.tryton.row import Raw
from sync_protocol.json_types import NewRecord


def price_key(price_list: int | None, product: int, unit: int, least: Decimal) -> str:
    """Return the key of a price. It is stable as long as the list has the same quantities."""
    return f"{list_key(price_list)}-{product}-{unit}-{quantity(least)}"


def least_quantities(breaks: set[Decimal], factor: Fraction, digits: int) -> list[Decimal]:
    """Return the minimum quantities of the prices, ascending; the first is 0.

    *breaks* are in the list's unit, of which one of the wanted unit is *factor*; a unit of whole
    numbers begins at the next whole one (50 pieces are 5 boxes of 12). Fractions, because rounding up makes a
    step of the smallest error: 5 dozens are 60 pieces, and not 61.
    """
    steps = {math.ceil(Fraction(amount) / factor * 10**digits) for amount in breaks if amount > 0}
    return [Decimal(0), *(Decimal(step).scaleb(-digits) for step in sorted(steps))]


def record(raw: Raw) -> NewRecord:
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
