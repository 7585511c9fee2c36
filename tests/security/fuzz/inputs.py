"""Inputs: arbitrary ones, and sound ones of which parts were changed, removed, repeated or replaced."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.security.hostile_values import TEXTS, VALUES

SCALARS = st.sampled_from(VALUES) | st.integers() | st.floats() | st.text(max_size=40) | st.booleans()
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
"""Any JSON value, the strange ones of `hostile_values` often."""
PIECES = st.binary(max_size=12) | st.sampled_from(
    (b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"', b"\\u", b"[" * 70, b"{" * 70, b"\r\n", b"," * 40,
     b"1e999")
)  # fmt: skip
"""Bytes that are put into others."""


def mutated_bytes(*sound: bytes) -> st.SearchStrategy[bytes]:
    """Draw one of *sound* with one to four parts replaced, removed, repeated or inserted; or any bytes."""
    return st.binary(max_size=300) | st.composite(_mutated)(sound)


def _mutated(draw: st.DrawFn, sound: tuple[bytes, ...]) -> bytes:
    data = draw(st.sampled_from(sound))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(len(data), begin + 40)))
        match draw(st.integers(0, 3)):
            case 0:
                data = data[:begin] + draw(PIECES) + data[end:]
            case 1:
                data = data[:begin] + data[end:]
            case 2:
                data = data[:end] + data[begin:]
            case _:
                data = data[:begin]
    return data


def mutated_text(*sound: str) -> st.SearchStrategy[str]:
    """Draw one of *sound* with parts changed, or any text."""
    changed = mutated_bytes(*(text.encode() for text in sound)).map(
        lambda data: data.decode("utf-8", "replace")
    )
    return st.text(max_size=300) | st.sampled_from(TEXTS) | changed


def mutated_json(*sound: Any) -> st.SearchStrategy[Any]:
    """Draw one of the JSON values *sound* with one to three places changed, or any JSON value."""
    return JSON | st.composite(_changed)(sound)


def json_bytes(*sound: Any) -> st.SearchStrategy[bytes]:
    """Draw a body: `mutated_json`, or the bytes of a sound one changed, which are often no JSON."""
    return mutated_json(*sound).map(encoded) | mutated_bytes(*(encoded(value) for value in sound))


def encoded(value: Any) -> bytes:
    """Return *value* as JSON, NaN and halves of surrogate pairs as Python writes them."""
    return json.dumps(value).encode()


def _changed(draw: st.DrawFn, sound: tuple[Any, ...]) -> Any:
    root = [copy.deepcopy(draw(st.sampled_from(sound)))]
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(root))
        if not places:
            return draw(JSON)
        container, key = draw(st.sampled_from(places))
        match draw(st.integers(0, 4)):
            case 0 | 1:
                container[key] = copy.deepcopy(draw(JSON))  # the strange values are shared
            case 2 if container is not root:
                del container[key]
            case 3:
                container[key] = [container[key]] * draw(st.integers(1, 3))
            case _ if isinstance(container[key], dict):
                container[key][draw(st.text(max_size=12))] = copy.deepcopy(draw(JSON))
            case _:
                container[key] = copy.deepcopy(draw(SCALARS))
    return root[0]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the container and the key of each value inside *value*."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from _places(value[key])
