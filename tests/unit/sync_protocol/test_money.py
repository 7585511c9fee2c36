"""Money: amounts stay within the decimals of their currency, and totals are rounded once, half up, per line."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.delivery.forecasts import rounded_to_unit
from backend.erp.totals import is_rounding, total_note
from sync_protocol.amounts import amount_faults
from sync_protocol.catalogue.expense_claim import ExpenseClaimBodySchema
from sync_protocol.catalogue.order import ORDER, OrderBodySchema
from sync_protocol.currency import DECIMALS, decimals_in, decimals_of, fits, smallest
from sync_protocol.fields import Money

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KRW", "KWD", "TND", "CLF", "XAU", "CHF"])
AMOUNTS = st.decimals(min_value=0, max_value=10**15 - 1, places=4, allow_nan=False).map(lambda n: f"{n:f}")
LINES = st.lists(
    st.fixed_dictionaries(
        {
            "quantity": st.decimals("0.000001", "1000000", places=6).map(lambda n: f"{n:f}"),
            "unit_price": AMOUNTS,
            "discount_percent": st.decimals("0", "100", places=4).map(lambda n: f"{n:f}"),
        }
    ),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize(
    ("code", "decimals"),
    [("EUR", 2), ("USD", 2), ("CHF", 2), ("JPY", 0), ("KRW", 0), ("CLP", 0), ("ISK", 0), ("KWD", 3), ("TND", 3),
     ("IQD", 3), ("CLF", 4), ("UYW", 4), ("XAU", 4), ("HUF", 2), ("MRU", 2), ("XCG", 2)],
)  # fmt: skip
def test_a_currency_has_the_decimals_of_iso_4217(code: str, decimals: int) -> None:
    assert decimals_of(code) == decimals
    assert smallest(code) == Decimal(10) ** -decimals


def test_only_currencies_without_two_decimals_are_listed() -> None:
    assert len(DECIMALS) == 17 + 7 + 2 + 13
    assert 2 not in DECIMALS.values()


@given(CURRENCIES, AMOUNTS)
def test_an_amount_is_refused_exactly_if_it_is_no_multiple_of_the_smallest_amount(
    code: str, amount: str
) -> None:
    assert Money().error_for(amount) is None
    exact = Fraction(amount) * 10 ** decimals_of(code)
    faults = amount_faults(ExpenseClaimBodySchema, {"currency": code, "lines": [{"amount": amount}]})
    assert (faults == []) == (exact.denominator == 1) == fits(Decimal(amount), code)


@given(CURRENCIES, AMOUNTS)
def test_the_price_of_an_order_is_never_held_to_the_decimals_of_its_currency(code: str, price: str) -> None:
    assert amount_faults(OrderBodySchema, {"currency": code, "lines": [{"unit_price": price}]}) == []


@given(CURRENCIES, LINES)
def test_an_orders_total_is_exact_and_within_the_decimals_of_its_currency(
    code: str, lines: list[dict[str, Any]]
) -> None:
    assert ORDER.total is not None
    total = ORDER.total.of({"currency": code, "lines": lines})
    assert fits(total, code)
    assert Fraction(total) == sum(_line(line, decimals_of(code)) for line in lines)


def _line(line: dict[str, Any], decimals: int) -> Fraction:
    """Return the total of *line* by whole numbers alone."""
    price = Fraction(line["unit_price"]) * (100 - Fraction(line["discount_percent"])) / 100
    return _half_up(Fraction(line["quantity"]) * _half_up(price, 4), decimals)


def _half_up(value: Fraction, decimals: int) -> Fraction:
    return Fraction((value * 10**decimals * 2 + 1) // 2, 10**decimals)


@given(CURRENCIES, AMOUNTS, st.integers(-3, 3))
def test_a_difference_of_one_smallest_amount_is_told_and_equality_is_not(
    code: str, amount: str, steps: int
) -> None:
    shown = Decimal(amount).quantize(smallest(code))
    body = {"currency": code, "lines": [{"amount": f"{shown:f}"}]}
    erp_total = shown + steps * smallest(code)
    assert (total_note("expense_claim", body, erp_total) is None) == (steps == 0)
    assert is_rounding("expense_claim", body, erp_total) == (steps == 0)


@given(st.decimals("0", "1e30", places=12), st.integers(0, 6))
def test_a_sum_is_rounded_to_what_its_unit_allows(quantity: Decimal, decimals: int) -> None:
    allowed = rounded_to_unit(Fraction(quantity), {"decimals": decimals})
    assert decimals_in(allowed) <= decimals
    assert Fraction(allowed) == _half_up(Fraction(quantity), decimals)


@given(st.fractions(0, 10**30))
def test_a_sum_in_an_unknown_unit_has_at_most_the_decimals_of_the_wire(quantity: Fraction) -> None:
    allowed = rounded_to_unit(quantity, None)
    assert decimals_in(allowed) <= 6
    assert Fraction(allowed) == _half_up(quantity, 6)


def test_a_number_of_many_digits_keeps_all_its_decimals() -> None:
    assert decimals_in(Decimal("1" * 40 + ".25")) == 2
    assert decimals_in(Decimal("0." + "0" * 40 + "10")) == 41


@given(st.decimals("-1e14", "1e14", places=4))
def test_zeros_at_the_end_are_no_decimals(number: Decimal) -> None:
    assert decimals_in(number) == decimals_in(number.quantize(Decimal("0.000001")))
