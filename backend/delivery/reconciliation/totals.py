"""What a document comes to, here and in the ERP, so that the two can be compared."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
PRICE_ROUNDING = Decimal("0.0001")
"""By so much an ERP may round a unit price after its discount."""


def total_of(kind: str, body: Mapping[str, Any]) -> Decimal | None:
    """Return what *body* comes to: an order without tax, a claim with it; None for other kinds."""
    if kind == "order":
        return sum((_line(line) for line in body["lines"]), Decimal(0))
    if kind == "expense_claim":
        return sum((Decimal(line["amount"]) for line in body["lines"]), Decimal(0))
    return None


def equal(kind: str, body: Mapping[str, Any], ours: Decimal, theirs: Decimal) -> bool:
    """Say whether the two are equal but for roundings: of each line's amount, and of each unit price."""
    slack = CENT * len(body["lines"]) if kind == "order" else Decimal(0)
    if kind == "order":
        slack += sum((PRICE_ROUNDING * Decimal(line["quantity"]) for line in body["lines"]), Decimal(0))
    return abs(ours - theirs) <= slack


def _line(line: Mapping[str, Any]) -> Decimal:
    full = Decimal(line["quantity"]) * Decimal(line["unit_price"])
    share = (100 - Decimal(line.get("discount_percent") or "0")) / 100
    return (full * share).quantize(CENT, ROUND_HALF_UP)
