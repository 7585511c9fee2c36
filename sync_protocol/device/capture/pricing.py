"""The price that a rep sees: by the customer's price list, the unit, the quantity and the day."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database


@dataclass(frozen=True)
class Price:
    """The price of one *unit*. *amount* is a decimal as text."""

    amount: str
    currency: str
    unit: str
    price_list_id: str


def price_list_of(db: Database, customer: Mapping[str, Any]) -> str | None:
    """Return the price list that applies to *customer*: its own, or the only one, or None."""
    own = customer.get("price_list_id")
    if own:
        return str(own)
    lists = replica.records(db, "price_lists", limit=2)
    return str(lists[0]["id"]) if len(lists) == 1 else None


def price(
    db: Database, product: Mapping[str, Any], price_list: str | None, unit: str, quantity: str, day: str
) -> Price | None:
    """Return the price of *product* on *day* (ISO 8601), or None if the list has none.

    Of the rows whose minimum quantity is reached, the one with the greatest minimum counts. If the list has a
    price only for another unit of the product, it is converted by the product's factors.
    """
    rows = [
        row
        for row in replica.children(db, "prices", product["id"])
        if row["price_list_id"] == price_list and (row["valid_from"] or day) <= day <= (row["valid_to"] or day)
    ]
    exact = _best([row for row in rows if row["unit"] == unit], Decimal(quantity))
    if exact:
        return Price(exact["amount"], exact["currency"], unit, exact["price_list_id"])
    factors = {entry["unit"]: Decimal(entry["factor"]) for entry in product["units"]}
    for other in factors if unit in factors else ():
        ratio = factors[unit] / factors[other]
        row = _best([row for row in rows if row["unit"] == other], Decimal(quantity) * ratio)
        if row:
            amount = (Decimal(row["amount"]) * ratio).quantize(Decimal("0.0001"), ROUND_HALF_UP)
            return Price(_plain(amount), row["currency"], unit, row["price_list_id"])
    return None


def _best(rows: list[dict[str, Any]], quantity: Decimal) -> dict[str, Any] | None:
    reached = [row for row in rows if Decimal(row["min_quantity"]) <= quantity]
    return max(
        reached,
        key=lambda row: (Decimal(row["min_quantity"]), row["valid_from"] or "", row["id"]),
        default=None,
    )


def _plain(amount: Decimal) -> str:
    """Write *amount* with two to four decimals, never with an exponent."""
    text = f"{amount:f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"
