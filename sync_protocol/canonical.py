"""Canonical JSON (RFC 8785), for values without floats.

The same value gives the same bytes in every language. So the server can check a sha256 from a phone, even after
several parsers have read and written the document. Satchel's wire has no floats and no integers of 2^53 or
more, so the hard part of the RFC (number formatting) is not needed.
"""

import hashlib
import json
from typing import Any

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32


class NotCanonical(ValueError):
    """The value has no canonical JSON. `path` is the place in it (`lines[2].quantity`), `reason` the cause."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path or 'value'}: {reason}")
        self.path = path
        self.reason = reason


def canonical(value: Any) -> bytes:
    """Return the canonical UTF-8 bytes of *value* (dict, list, str, int, bool or None, nested).

    Raises `NotCanonical` for floats, integers of 2^53 or more, keys that are not strings, lone
    surrogates and nesting deeper than 32. Source: RFC 8785.
    """
    text = _sort_and_write(value) if _plain(value, 0) else _write(_ordered(value, "", 0))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotCanonical("", "contains half of a surrogate pair, which is not text") from None


def digest(value: Any) -> str:
    """Return the sha256 of the canonical bytes of *value*, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


# No value that comes here contains itself: both walks below stop at `MAX_DEPTH`.
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_sort_and_write = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False, sort_keys=True
).encode


def _plain(value: Any, depth: int) -> bool:
    """Say whether the encoder alone writes *value* canonically: all names are ASCII, all values are allowed.

    The encoder sorts names by code points, which for ASCII is the RFC's order. This is true for nearly every
    value. `_ordered` handles the others, and raises the error if there is one.
    """
    kind = type(value)
    if kind is dict:
        for name in value:
            if type(name) is not str or not name.isascii():
                return False
        items = value.values()
    elif kind is list:
        items = value
    else:
        return (
            kind is str
            or kind is bool
            or value is None
            or (kind is int and -MAX_INTEGER <= value <= MAX_INTEGER)
        )
    if depth >= MAX_DEPTH:
        return False
    for item in items:
        # Most items are text or null; checking here saves a call.
        if item is not None and type(item) is not str and not _plain(item, depth + 1):
            return False
    return True


def _ordered(value: Any, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise NotCanonical(path, f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise NotCanonical(path, "has a key that is not text")
        # RFC 8785, 3.2.3: sort by UTF-16 code units, which differ from code points above U+FFFF.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key], f"{path}.{key}" if path else key, depth + 1) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, f"{path}[{n}]", depth + 1) for n, item in enumerate(value)]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical(path, "is an integer of 2^53 or more")
        return value
    if isinstance(value, float):
        raise NotCanonical(path, 'is a floating-point number; write decimals as text, "12.50"')
    raise NotCanonical(path, f"is a {type(value).__name__}, which JSON does not have")
