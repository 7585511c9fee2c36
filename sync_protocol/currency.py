"""The decimals of currencies, by ISO 4217.

Source: list one of ISO 4217 as SIX publishes it, in the edition of 1 January 2026. Currencies with two decimals
are not listed, because nearly all have two.
"""

from collections.abc import Mapping
from decimal import Decimal

USUAL_DECIMALS = 2
MAX_DECIMALS = 4
"""The most decimals that an amount on the wire may have."""

_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    # After UYW: metals, baskets and codes for tests, to which ISO gives no number of decimals.
    MAX_DECIMALS: "CLF UYW XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX",
}

DECIMALS: Mapping[str, int] = {
    code: decimals for decimals, codes in _BY_DECIMALS.items() for code in codes.split()
}
"""Decimals by currency code, for currencies that do not have `USUAL_DECIMALS`."""


def decimals_of(currency: str) -> int:
    """Return how many decimals an amount in *currency* may have: JPY 0, EUR 2, KWD 3."""
    return DECIMALS.get(currency, USUAL_DECIMALS)


def smallest(currency: str) -> Decimal:
    """Return the smallest amount in *currency*: 0.01 for EUR, 1 for JPY."""
    return Decimal(1).scaleb(-decimals_of(currency))


def fits(amount: Decimal, currency: str) -> bool:
    """Say whether *amount* has no more decimals than *currency*; zeros at the end do not count."""
    return decimals_in(amount) <= decimals_of(currency)


def decimals_in(number: Decimal) -> int:
    """Return how many decimals *number* has, without zeros at the end."""
    return len(f"{number:f}".partition(".")[2].rstrip("0"))
