"""Units of measure, of product.uom."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple, TypeGuard

from backend.connectors.tryton.mapping.text import clip, key, quantity
from backend.connectors.tryton.row import Row
from sync_protocol.json_types import NewRecord

FIELDS = ("name", "symbol", "category.name", "factor", "digits")


def record(row: Row) -> NewRecord:
    """Return a unit; *row* holds `FIELDS` of product.uom."""
    return {
        "id": key(row["id"]),
        "name": clip(row["name"], 80),
        "symbol": clip(row["symbol"], 20),
        "category": clip(row["category."]["name"], 80),
        "factor": quantity(row["factor"]),
        "decimals": row["digits"],
    }


class UnitFacts(NamedTuple):
    """A unit of measure: how many base units of its category it is, and the decimals of its quantities."""

    factor: Fraction
    digits: int


def factor_of(unit: Row) -> Fraction | None:
    """Return the exact factor of a row of product.uom; None if it has none that can be used.

    Of `factor` and `rate`, which is its inverse, Tryton itself uses the greater one: the other is rounded to
    twelve decimals. A piece in dozens has the factor 0.083333333333 and the rate 12.
    """
    factor, rate = unit["factor"], unit.get("rate")
    if not _is_positive(factor):
        return None
    return 1 / Fraction(rate) if _is_positive(rate) and rate > factor else Fraction(factor)


def _is_positive(number: Any) -> TypeGuard[Decimal | int]:
    return isinstance(number, Decimal | int) and not isinstance(number, bool) and number > 0
