"""Units of Tryton: their factors are exact, and what is converted ends in a quantity that its unit allows."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from backend.connectors.tryton.mapping import orders
from backend.connectors.tryton.mapping.text import quantity
from backend.connectors.tryton.mapping.units import UnitFacts, factor_of

PIECE, BOX, KILOGRAM = 1, 36, 40
UNITS = {
    PIECE: UnitFacts(Fraction(1), 0),
    BOX: UnitFacts(Fraction(12), 0),
    KILOGRAM: UnitFacts(Fraction(1), 2),
}


def unit(factor: Any, rate: Any) -> dict[str, Any]:
    return {"id": 1, "factor": factor, "rate": rate, "digits": 0}


@pytest.mark.parametrize(
    ("factor", "rate", "exact"),
    [
        ("12", "0.083333333333", Fraction(12)),
        ("0.083333333333", "12", Fraction(1, 12)),
        ("0.333333333333", "3", Fraction(1, 3)),
        ("0.001", "1000", Fraction(1, 1000)),
        ("1", "1", Fraction(1)),
    ],
)
def test_the_accurate_one_of_factor_and_rate_counts(factor: str, rate: str, exact: Fraction) -> None:
    assert factor_of(unit(Decimal(factor), Decimal(rate))) == exact


def test_a_unit_without_a_rate_has_its_factor() -> None:
    assert factor_of(unit(Decimal("0.5"), None)) == Fraction(1, 2)


@pytest.mark.parametrize("factor", [None, Decimal(0), Decimal(-1), "twelve", True])
def test_a_factor_that_cannot_be_used_is_none_and_stops_no_other_unit(factor: Any) -> None:
    assert factor_of(unit(factor, Decimal(1))) is None


@pytest.mark.parametrize(
    ("pieces", "boxes", "shown"),
    [("24", "1", "3"), ("5", "0", "0"), ("7", "0", "0"), ("17", "2", "3"), ("12", "0", "1")],
)
def test_pieces_that_were_shipped_are_whole_boxes_of_the_order(pieces: str, boxes: str, shown: str) -> None:
    moves = [{"quantity": Decimal(pieces), "unit": PIECE}, {"quantity": Decimal(boxes), "unit": BOX}]
    assert quantity(orders._sum_in(BOX, moves, UNITS)) == shown


def test_what_was_shipped_in_the_unit_of_the_order_is_not_rounded() -> None:
    moves = [{"quantity": Decimal("0.125"), "unit": KILOGRAM}, {"quantity": Decimal("1.001"), "unit": KILOGRAM}]
    assert quantity(orders._sum_in(KILOGRAM, moves, UNITS)) == "1.126"
