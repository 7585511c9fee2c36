"""Canonical JSON (RFC 8785), for values without floats.

The same value gives the same bytes in every language. So the server can check a sha256 from a phone, even after
several parsers have read and written the document. Satchel's wire has no floats and no integers of 2^53 or
more, so the hard part of the RFC (number formatting) is not needed.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

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
    data = _quickly(value)
    if data is not None:
        return data
    text = _write(_ordered(value, None, 0))
    try:
        return text.encode()
    except UnicodeEncodeError:
        path = _text_of(next(_not_text(value, None), None))
        raise NotCanonical(path, "contains half of a surrogate pair, which is not text") from None


def canonical_with(value: dict[str, Any], name: str, inner: str) -> bytes:
    """Return the canonical bytes of *value* with one more field *name*, whose canonical JSON is *inner*.

    The keys of *value* are the names of its other fields. This spares decoding and encoding a large field that
    is canonical already. Raises what `canonical` raises.
    """
    data = _encoded({**value, name: orjson.Fragment(inner)}) if _is_plain(value) else None
    return data if data is not None else canonical({**value, name: orjson.loads(inner)})


def digest(value: Any) -> str:
    """Return the sha256 of the canonical bytes of *value*, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


# No value that comes here contains itself: both walks below stop at `MAX_DEPTH`.
# `_ordered` has walked through the whole value already.
_write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

_SCALARS = frozenset({str, bool, int, type(None)})
_CONTAINERS = frozenset({dict, list})
_ALLOWED = _SCALARS | _CONTAINERS
# It refuses integers of 2^53 or more, lone surrogates, and names that are not text.
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_ABOVE_U_FFFF = re.compile(rb"[\xf0-\xf4]")
"""The first byte of a character above U+FFFF in UTF-8."""


def _quickly(value: Any) -> bytes | None:
    """Return what the encoder alone writes, if that is canonical; None if `_ordered` must decide.

    The encoder sorts names by code points. That is the RFC's order unless there are characters above U+FFFF.
    """
    return _encoded(value) if _is_plain(value) else None


def _encoded(value: Any) -> bytes | None:
    try:
        data = orjson.dumps(value, option=_OPTIONS)
    except TypeError:
        return None
    return data if data.isascii() or not _ABOVE_U_FFFF.search(data) else None


def _is_plain(value: Any) -> bool:
    """Say whether *value* consists of the types of JSON without floats, at most `MAX_DEPTH` deep.

    The encoder would also accept floats and other types.
    """
    if type(value) not in _CONTAINERS:
        return type(value) in _SCALARS
    level = [value]
    for _ in range(MAX_DEPTH):
        inner: list[Any] = []
        for container in level:
            items = container.values() if type(container) is dict else container
            types = set(map(type, items))
            if not types <= _SCALARS:
                if not types <= _ALLOWED:
                    return False
                inner += [item for item in items if type(item) in _CONTAINERS]
        if not inner:
            return True
        level = inner
    return False


_Place = tuple[Any, str | int] | None
"""A place in a value: the place around it, and a name or an index there. None: the value itself.

It becomes text in an error only: a long name would else be copied for each value below it.
"""


def _text_of(place: _Place) -> str:
    """Return *place* as in `lines[2].quantity`."""
    parts: list[str] = []
    while place is not None:
        place, step = place
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            shown = step.encode("utf-8", "backslashreplace").decode()
            parts.append(shown if place is None else f".{shown}")
    return "".join(reversed(parts))


def _not_text(value: Any, place: _Place) -> Iterator[_Place]:
    """Yield the places in *value* of names and texts that are not UTF-8."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        inner = (place, name)
        if any(isinstance(text, str) and not _is_text(text) for text in (name, item)):
            yield inner
        yield from _not_text(item, inner)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ordered(value: Any, place: _Place, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise NotCanonical(_text_of(place), f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise NotCanonical(_text_of(place), "has a key that is not text")
        # RFC 8785, 3.2.3: sort by UTF-16 code units, which differ from code points above U+FFFF.
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key], (place, key), depth + 1) for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, (place, n), depth + 1) for n, item in enumerate(value)]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical(_text_of(place), "is an integer of 2^53 or more")
        return value
    if isinstance(value, float):
        raise NotCanonical(_text_of(place), 'is a floating-point number; write decimals as text, "12.50"')
    raise NotCanonical(_text_of(place), f"is a {type(value).__name__}, which JSON does not have")
