"""Conversions between units end where arithmetic with whole numbers ends."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.conversion import exact_factor, rounded


@pytest.mark.parametrize(
    ("text", "factor"),
    [("12", Fraction(12)), ("0.5", Fraction(1, 2)), ("0.083333", Fraction(1, 12)),
     ("0.041667", Fraction(1, 24)), ("0.666667", Fraction(2, 3)), ("0.001389", Fraction(1, 720)),
     ("0.453592", Fraction("0.453592")),
     ("1.333333", Fraction("1.333333")), ("0.000001", Fraction(1, 1_000_000)), ("0", Fraction(0))],
)  # fmt: skip
def test_a_factor_is_read_as_the_simple_fraction_from_which_it_was_rounded(text: str, factor: Fraction) -> None:
    assert exact_factor(text) == factor


@given(st.decimals("0.000001", "1000", places=6))
def test_the_fraction_of_a_factor_rounds_to_the_factor(factor: Decimal) -> None:
    assert rounded(exact_factor(f"{factor:f}"), 6) == factor


@given(st.integers(2, 1000), st.integers(0, 10_000))
def test_whole_packs_of_pieces_are_whole(pieces: int, packs: int) -> None:
    factor = rounded(Fraction(1, pieces), 6)
    if exact_factor(f"{factor:f}") == Fraction(1, pieces):
        assert exact_factor(f"{factor:f}") * pieces * packs == packs


@given(st.fractions(min_value=0, max_value=10**12), st.integers(0, 6))
def test_rounding_is_half_up(value: Fraction, decimals: int) -> None:
    result = Fraction(rounded(value, decimals))
    assert result - Fraction(1, 2 * 10**decimals) <= value < result + Fraction(1, 2 * 10**decimals)
