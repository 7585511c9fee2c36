"""The list price of a product, by the rows of a price list: the same function on the device and on the server.

Pure: it gets the rows that were read, from the replica or from the feed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from sync_protocol.conversion import exact_factor, rounded
from sync_protocol.json_types import BodyLine, Record

PRICE_DECIMALS = 4
"""Decimals of a price that was converted to another unit."""
PRICE_STEP = Decimal("0.0001")
"""A unit price after its discount is rounded to this step."""
EXACT = Context(prec=60)
"""Quantities, prices and discounts have at most 38 digits together, so no product of theirs is rounded."""


@dataclass(frozen=True)
class Price:
    """The price of one *unit*. *amount* is a decimal as text, *min_amount* the lowest price or None."""

    amount: str
    currency: str
    unit: str
    price_list_id: str
    min_amount: str | None = None


def list_price(rows: Iterable[Record], product: Record, unit: str, quantity: str, day: str) -> Price | None:
    """Return the price of one *unit* of *product* on *day* (ISO 8601), or None if *rows* have none.

    *rows* are the prices of the product in one list. Of those whose minimum quantity is reached, the one with
    the greatest minimum counts. If there is a price only for another unit of the product, it is converted by
    the product's factors.
    """
    valid = [row for row in rows if is_valid(row, day)]
    exact = _best([row for row in valid if row["unit"] == unit], Fraction(quantity))
    if exact:
        return _price(exact, unit, Fraction(1))
    factors = {entry["unit"]: exact_factor(entry["factor"]) for entry in product.get("units") or ()}
    for other in factors if unit in factors else ():
        ratio = factors[unit] / factors[other]
        row = _best([row for row in valid if row["unit"] == other], Fraction(quantity) * ratio)
        if row:
            return _price(row, unit, ratio)
    return None


def is_valid(row: Record, day: str) -> bool:
    """Say whether the price *row* holds on *day* (ISO 8601)."""
    return bool((row["valid_from"] or day) <= day <= (row["valid_to"] or day))


def _price(row: Record, unit: str, ratio: Fraction) -> Price:
    least = row.get("min_amount")
    return Price(
        _converted(row["amount"], ratio),
        row["currency"],
        unit,
        row["price_list_id"],
        None if least is None else _converted(least, ratio),
    )


def _converted(amount: str, ratio: Fraction) -> str:
    return amount if ratio == 1 else _plain(rounded(Fraction(amount) * ratio, PRICE_DECIMALS))


def _best(rows: Sequence[Record], quantity: Fraction) -> Record | None:
    reached = [row for row in rows if Fraction(row["min_quantity"]) <= quantity]
    return max(
        reached,
        key=lambda row: (Decimal(row["min_quantity"]), row["valid_from"] or "", row["id"]),
        default=None,
    )


def _plain(amount: Decimal) -> str:
    """Write *amount* with two to four decimals, never with an exponent."""
    text = f"{amount:f}".rstrip("0")
    units, _, decimals = text.partition(".")
    return f"{units}.{decimals.ljust(2, '0')}"


def discounted_price(line: BodyLine) -> Decimal:
    """Return the price of one unit of an order line after its discount, as `less` rounds it."""
    return less(line["unit_price"], line.get("discount_percent") or "0")


def less(amount: str, percent: str) -> Decimal:
    """Return *amount* less *percent* of it, rounded half up to `PRICE_STEP`."""
    share = (100 - Decimal(percent)) / 100
    return EXACT.multiply(Decimal(amount), share).quantize(PRICE_STEP, ROUND_HALF_UP, EXACT)
