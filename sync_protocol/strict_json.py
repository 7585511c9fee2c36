"""Decode JSON that somebody else wrote: bodies, replies, manifests, exports. Nothing else decodes such text.

Every step takes time and memory in proportion to the text, whatever the text is. What the standard leaves open
(RFC 8259, sections 4 and 6) is refused: a name twice in one object, NaN, a number that no number type holds.

The proof that no name occurs twice is here and nowhere else. `orjson` keeps the last of two equal names without
telling, so its value counts only with the proof of `_compact`; every other text is decoded by `json`.
"""

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 64
"""Most objects and lists around a value. A document has at most half of it (`canonical.MAX_DEPTH`)."""
MAX_COMPACT = 20_000
"""Most values of a text that `orjson` decodes: to write them again it reserves about 220 bytes for each."""
MAX_VALUES = 400_000
"""Most values and names in one text: a value of three bytes takes a hundred bytes of memory. Four megabytes of
orders have fewer."""
MAX_NUMBER = 400
"""Most characters of a number with a fraction or an exponent. Python itself limits the digits of integers."""
MAX_SHOWN = 60
"""Most characters of a name in a message."""

_TO_LISTS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))

Hook = Callable[[dict[str, Any]], Any]


class NotStrictJson(ValueError):
    """The text is not such JSON; the message is a sentence."""


def decode(text: bytes, *, values: int = MAX_VALUES, hook: Hook | None = None, number: Any = float) -> Any:
    """Return the value of *text*, UTF-8 of at most *values* values; raises `NotStrictJson`.

    *hook* turns each object into a value, inner objects first. *number* makes the value of a number with a
    fraction or an exponent of its text.
    """
    require_bounded(text, values)
    if hook is None and number is float and text.count(b",") < MAX_COMPACT:
        value = _compact(text)
        if value is not _NOT_COMPACT:
            return value
    try:
        decoded = text.decode()
    except UnicodeDecodeError as error:
        raise NotStrictJson(f"Byte {error.start + 1} is not UTF-8.") from None

    make = unique if hook is None else lambda pairs: hook(unique(pairs))

    def fraction(digits: str) -> Any:
        if len(digits) > MAX_NUMBER:
            raise NotStrictJson("The body contains a number that is too long.")
        value = number(digits)
        if isinstance(value, float) and not math.isfinite(value):
            raise NotStrictJson("The body contains a number that is too large.")
        return value

    try:
        return json.loads(decoded, object_pairs_hook=make, parse_float=fraction, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise NotStrictJson("The body is nested too deeply.") from None
    except NotStrictJson:
        raise
    except ValueError as error:
        if "integer string conversion" not in str(error):
            raise
        raise NotStrictJson("The body contains a number that is too long.") from None


_NOT_COMPACT: Any = object()


def _compact(text: bytes) -> Any:
    """Return the value of *text* if it is compact JSON; `_NOT_COMPACT` if the decoder of `decode` must decide.

    `orjson` keeps the last of two equal names, and makes a float of a large integer. So the value is written
    again: if the bytes are the same, nothing was lost or rounded. `JSON.stringify` and our device write so.
    """
    try:
        value = orjson.loads(text)
        return value if orjson.dumps(value) == text else _NOT_COMPACT
    except (ValueError, TypeError):
        return _NOT_COMPACT


def require_bounded(text: bytes, values: int = MAX_VALUES) -> None:
    """Raise `NotStrictJson` if *text* is nested deeper than `MAX_DEPTH`, or has more than *values* values.

    Nothing is decoded. Of a text that is no JSON it only says that its decoding is bounded.
    """
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH and text.count(b",") + text.count(b":") < values:
        return
    # Without escapes, every second piece between quotation marks is outside of texts.
    plain = text.replace(rb"\\", b"").replace(rb"\"", b"") if b"\\" in text else text
    if plain.count(b'"') > 2 * values:
        raise NotStrictJson(f"The body contains more than {values} values and names.")
    marks = b"".join(plain.split(b'"')[::2])
    if sum(marks.count(mark) for mark in (b",", b":", b"[", b"{")) > values:
        raise NotStrictJson(f"The body contains more than {values} values and names.")
    nested = marks.translate(_TO_LISTS, _NOT_BRACKETS)
    # Each round removes the innermost brackets. Brackets that have no partner stay: then it is no JSON.
    for _ in range(MAX_DEPTH):
        if not nested:
            return
        nested = nested.replace(b"[]", b"")
    if b"[]" in nested or len(nested) > MAX_DEPTH:
        raise NotStrictJson("The body is nested too deeply.")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object whose keys are the names in *pairs*, in linear time.

    Raises `NotStrictJson` if a name occurs twice.
    """
    value = dict(pairs)
    if len(value) < len(pairs):
        earlier: set[str] = set()
        for name, _ in pairs:
            if name in earlier:
                raise NotStrictJson(f"The name {json.dumps(name[:MAX_SHOWN])} occurs twice in one object.")
            earlier.add(name)
    return value


def _no_constant(name: str) -> NoReturn:
    raise NotStrictJson(f"{name} is not JSON.")
