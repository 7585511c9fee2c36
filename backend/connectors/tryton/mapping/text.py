"""Single values as text: the same value always gives the same text, so unchanged records stay equal."""

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from backend.connectors.tryton.row import Row
from backend.erp.composite import key_of_name
from backend.erp.sanitize import shown
from sync_protocol.conversion import rounded as rounded_half_up

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MONEY_DECIMALS = Decimal("0.0001")
QUANTITY_DECIMALS = Decimal("0.000001")


class Untranslatable(ValueError):
    """A row cannot be mapped to a record; the message says why and what to do."""


def money(amount: Any) -> str:
    """Return an amount: two decimals, up to four where needed, rounded half up. `12.50`, `0.0125`.

    What is not an amount is returned as text. Ingest refuses it and names the field.
    """
    rounded = _rounded(amount, MONEY_DECIMALS)
    if rounded is None:
        return _as_text(amount)
    text = format(rounded.copy_abs() if rounded.is_zero() else rounded, "f")
    return text[:-2] if text.endswith("00") else text[:-1] if text.endswith("0") else text


def quantity(amount: Any) -> str:
    """Return a quantity, which may be a fraction: as few decimals as it needs, at most six. `3`, `0.5`.

    Else as `money`.
    """
    if isinstance(amount, Fraction):
        amount = rounded_half_up(abs(amount), 6) * (-1 if amount < 0 else 1)
    rounded = _rounded(amount, QUANTITY_DECIMALS)
    if rounded is None:
        return _as_text(amount)
    if rounded.is_zero():
        return "0"
    text = format(rounded, "f").rstrip("0")
    return text.removesuffix(".")


def _rounded(amount: Any, decimals: Decimal) -> Decimal | None:
    """Return *amount* with *decimals*; None if it is not a number, or one of too many digits."""
    if not isinstance(amount, Decimal | int) or isinstance(amount, bool):
        return None
    try:
        return Decimal(amount).quantize(decimals, ROUND_HALF_UP)
    except ArithmeticError:
        return None


def _as_text(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else shown(value)


def date(value: Any) -> str | None:
    """Return a date as the wire writes it; what is not a date as text, which ingest refuses."""
    if value is None:
        return None
    return value.isoformat() if isinstance(value, dt.date) else shown(value)


def clip(value: Any, longest: int) -> str | None:
    """Return text for people, without control characters, cut to *longest*; None for no text.

    Raises:
        Untranslatable: it is not text.
    """
    if value is not None and not isinstance(value, str):
        raise Untranslatable(f"{shown(value)} is not text")
    text = _CONTROL.sub(" ", value or "").strip()
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return text or None


def key(value: Any) -> str | None:
    """Return the key of a record of Tryton: its id as text. Raises `Untranslatable` if it is not an id."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Untranslatable(f"{shown(value)} is not an id")
    return str(value)


def word(name: Any) -> str:
    """Return a name as a key, with `%20` for a space. Raises `Untranslatable` if it is not text."""
    if not isinstance(name, str):
        raise Untranslatable(f"{shown(name)} is not text")
    return key_of_name(name)


def first(row: Row, relation: str, field: str) -> Any:
    """Return *field* of the record to which the many2one *relation* points, or None if it is empty."""
    return (row.get(f"{relation}.") or {}).get(field)
