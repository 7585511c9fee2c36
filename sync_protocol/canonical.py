"""Canonical JSON (RFC 8785), for values without floats.

The same value gives the same bytes in every language, so that a sha256 made on a phone can be checked
on the server after any number of parsers have touched the document. Satchel's wire has no floats and
no integer of 2^53 or more, which removes the hard part of the RFC (number formatting).
"""

import hashlib
import json
from typing import Any

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32


class NotCanonical(ValueError):
    """The value cannot be written canonically; `path` says where (`lines[2].quantity`), `reason` why."""

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


# Nothing that comes here refers to itself: both walks above end at `MAX_DEPTH`.
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_sort_and_write = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), check_circular=False, sort_keys=True
).encode


def _plain(value: Any, depth: int) -> bool:
    """Say whether *value* can be written as it is, all its names being ASCII.

    The encoder sorts names by code points, which for ASCII is the RFC's order. This is the way of nearly
    every value; whatever it says no to, `_ordered` decides about, and names what is wrong.
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
        # Most are text or nothing; asking here spares a call.
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
        # RFC 8785, 3.2.3: by UTF-16 code units, which differs from code points above U+FFFF.
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
