"""Single values as text: the same value always gives the same text, so unchanged records stay equal."""

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MONEY_DECIMALS = Decimal("0.0001")
QUANTITY_DECIMALS = Decimal("0.000001")


class Untranslatable(ValueError):
    """A row cannot be mapped to a record; the message says why and what to do."""


def money(amount: Decimal | int) -> str:
    """Return an amount: two decimals, up to four where needed, rounded half up. `12.50`, `0.0125`."""
    rounded = Decimal(amount).quantize(MONEY_DECIMALS, ROUND_HALF_UP)
    text = format(rounded.copy_abs() if rounded.is_zero() else rounded, "f")
    return text[:-2] if text.endswith("00") else text[:-1] if text.endswith("0") else text


def quantity(amount: Decimal | int) -> str:
    """Return a quantity: as few decimals as it needs, at most six. `3`, `0.5`."""
    rounded = Decimal(amount).quantize(QUANTITY_DECIMALS, ROUND_HALF_UP)
    if rounded.is_zero():
        return "0"
    text = format(rounded, "f").rstrip("0")
    return text.removesuffix(".")


def date(value: dt.date | None) -> str | None:
    """Return a date as the wire writes it."""
    return None if value is None else value.isoformat()


def clip(value: str | None, longest: int) -> str | None:
    """Return text for people, without control characters, cut to *longest*; None for no text."""
    text = _CONTROL.sub(" ", value or "").strip()
    if len(text) > longest:
        text = text[: longest - 1].rstrip() + "…"
    return text or None


def key(value: int | None) -> str | None:
    """Return the key of a record of Tryton: its id as text."""
    return None if value is None else str(value)


def word(name: str) -> str:
    """Return a name as a key: without the spaces that a key cannot hold."""
    return re.sub(r"\s+", "-", name.strip())


def first(row: dict[str, Any], relation: str, field: str) -> Any:
    """Return *field* of the record to which the many2one *relation* points, or None if it is empty."""
    return (row.get(f"{relation}.") or {}).get(field)
