"""Tryton's JSON: encoding and decoding of its values.

Decimals, dates and bytes are objects with a `__class__`. Quantities are JSON numbers: they are decoded from
their text to Decimal, so that Satchel never uses a float, and encoded as numbers.
"""

import base64
import binascii
import datetime as dt
import json
import math
from decimal import Decimal, InvalidOperation
from typing import Any

from sync_protocol.strict_json import decode

MAX_DIGITS = 60
MAX_VALUES = 1_000_000
"""Most values in one reply; a page of a thousand rows has about ten thousand."""


class NotTrytonJson(ValueError):
    """The text is not Tryton's JSON."""


def dumps(value: Any) -> bytes:
    """Return *value* as Tryton's JSON. A Decimal becomes an amount of money; use `quantity` for quantities."""
    return json.dumps(value, default=_encode, separators=(",", ":"), allow_nan=False).encode()


def quantity(text: str) -> float:
    """Return the quantity *text* as Tryton expects it: the nearest 64-bit number."""
    return float(Decimal(text))


def day(text: str) -> dt.date:
    """Return the date *text* as Tryton expects it."""
    return dt.date.fromisoformat(text)


def loads(body: bytes) -> Any:
    """Return the value of *body*. Raises `NotTrytonJson` for anything else."""
    try:
        return decode(body, values=MAX_VALUES, hook=_decode, number=_decimal)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise NotTrytonJson(str(error)[:200]) from None


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": format(value, "f")}
    if isinstance(value, dt.datetime):
        return {
            "__class__": "datetime",
            **{
                n: getattr(value, n)
                for n in ("year", "month", "day", "hour", "minute", "second", "microsecond")
            },
        }
    if isinstance(value, dt.date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, bytes):
        return {"__class__": "bytes", "base64": base64.b64encode(value).decode("ascii")}
    raise TypeError(f"{type(value).__name__} cannot be sent to Tryton")


def _decode(value: dict[str, Any]) -> Any:
    kind = value.get("__class__")
    if kind is None:
        return value
    try:
        return _DECODERS[kind](value)
    except (KeyError, InvalidOperation, binascii.Error) as error:
        raise NotTrytonJson(f"a value of class {kind!r} is wrong: {error}") from None


def _decimal(text: str) -> Decimal:
    number = Decimal(text[: MAX_DIGITS + 1])
    if not number.is_finite() or len(text) > MAX_DIGITS or (number and abs(number.adjusted()) > MAX_DIGITS):
        raise NotTrytonJson(f"{text[:40]} is not a usable number")
    return number


def _money(value: dict[str, Any]) -> Decimal:
    if not isinstance(value["decimal"], str):
        raise NotTrytonJson("a decimal is not text")
    return _decimal(value["decimal"])


def _datetime(f: dict[str, Any]) -> dt.datetime:
    # Without a zone on purpose: Tryton's stamps have none and are only compared with each other.
    return dt.datetime.combine(_DECODERS["date"](f), _DECODERS["time"](f))


def _seconds(value: dict[str, Any]) -> dt.timedelta:
    seconds = value["seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal) or not math.isfinite(seconds):
        raise NotTrytonJson("a duration is not a number of seconds")
    return dt.timedelta(seconds=float(seconds))


_DECODERS: dict[str, Any] = {
    "Decimal": _money,
    "date": lambda f: dt.date(f["year"], f["month"], f["day"]),
    "datetime": _datetime,
    "time": lambda f: dt.time(f["hour"], f["minute"], f["second"], f["microsecond"]),
    "timedelta": _seconds,
    "bytes": lambda f: base64.b64decode(f["base64"]),
}
