"""Converting quantities and prices between the units of a product, without a rounded factor in between.

A factor travels with at most six decimals, so that of a piece in dozens is 0.083333. Twelve times that is
0.999996 and not 1. Such a factor is read as the simple fraction from which it was rounded.
"""

from decimal import Decimal
from fractions import Fraction

from sync_protocol.currency import decimals_in

FACTOR_DECIMALS = 6
"""The most decimals that a factor may have on the wire; one with fewer was not rounded."""


def exact_factor(text: str) -> Fraction:
    """Return the factor *text* as a fraction: `12` is 12, `0.083333` is 1/12, `0.453592` stays what it is."""
    stated = Fraction(text)
    if decimals_in(Decimal(text)) < FACTOR_DECIMALS or not 0 < stated < 1:
        return stated
    part_of_pack = Fraction(1, round(1 / stated))
    for simple in (part_of_pack, stated.limit_denominator(100)):
        if rounded(simple, FACTOR_DECIMALS) == Decimal(text):
            return simple
    return stated


def rounded(value: Fraction, decimals: int) -> Decimal:
    """Return *value*, which is not negative, rounded half up to *decimals*."""
    steps = (value * 10**decimals * 2 + 1) // 2
    # Not `scaleb`, which rounds to the 28 digits of the context.
    return Decimal(f"{steps}E-{decimals}")
