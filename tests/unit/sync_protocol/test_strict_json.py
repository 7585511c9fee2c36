"""JSON of somebody else: refused in linear time and bounded memory, whatever it is."""

import contextlib
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync_protocol import strict_json
from sync_protocol.canonical import MAX_DEPTH as DOCUMENT_DEPTH
from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.strict_json import MAX_DEPTH, MAX_VALUES, NotStrictJson, decode, unique
from tests.work import CountedText, require_linear

CLOSED, OPEN = '["]",', ',"["]'
"""Brackets inside texts, which would hide the nesting if they were counted."""


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def hidden(depth: int) -> bytes:
    return (CLOSED * depth + "1" + OPEN * depth).encode()


@pytest.mark.parametrize("make", [nested, hidden])
def test_nesting_has_a_bound(make: Any) -> None:
    assert decode(make(MAX_DEPTH))
    with pytest.raises(NotStrictJson, match="nested too deeply"):
        decode(make(MAX_DEPTH + 1))
    assert DOCUMENT_DEPTH < MAX_DEPTH


@pytest.mark.parametrize("text", [b"[],", b'{"":1},', b'"",', b"1,", b'"\\"",'], ids=repr)
def test_values_have_a_bound_in_number(text: bytes) -> None:
    assert decode(b"[" + text * (MAX_VALUES // 4) + b"1]")
    with pytest.raises(NotStrictJson, match="more than 400000 values and names"):
        decode(b"[" + text * MAX_VALUES + b"1]")


def test_the_largest_body_takes_tens_of_megabytes() -> None:
    tracemalloc.start()
    try:
        assert decode(b"[" + b'{"":1},' * (MAX_VALUES // 4) + b"1]")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * 1024 * 1024


def test_commas_in_a_text_are_no_values() -> None:
    assert decode(json.dumps(["," * 2 * MAX_VALUES]).encode())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b'{"a":1,"a":2}', 'The name "a" occurs twice in one object.'),
        (b'{"a":{"b":1,"\\u0062":2}}', 'The name "b" occurs twice in one object.'),
        (b"1." + b"1" * 500, "The body contains a number that is too long."),
        (b"1e400", "The body contains a number that is too large."),
        (b'{"a": [-1e310]}', "The body contains a number that is too large."),
        (b"1" * 5000, "The body contains a number that is too long."),
        (b"[Infinity]", "Infinity is not JSON."),
        (b"\xff", "Byte 1 is not UTF-8."),
        (b'["' + b"[" * 100 + b'", 1', "Line 1, column 107: Expecting ',' delimiter."),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_fault_is_named(text: bytes, sentence: str) -> None:
    with pytest.raises(NotStrictJson) as caught:
        decode(text)
    assert str(caught.value) == sentence


def test_a_name_that_occurs_twice_at_the_end_is_found_with_a_few_comparisons_for_each_name() -> None:
    uses = []
    for n in (1_000, 2_000):
        names = [CountedText(f"n{k}") for k in range(n)]
        CountedText.uses = 0
        with pytest.raises(NotStrictJson, match="twice"):
            unique([(name, 1) for name in [*names, CountedText(f"n{n - 1}")]])
        uses.append(CountedText.uses)
    assert uses[1] < 2.2 * uses[0] < 20_000


@pytest.mark.parametrize(
    "make",
    [
        lambda n: b"[" * n,
        lambda n: b'"' + b'\\"' * n,
        lambda n: b'"' * n,
        lambda n: b"\\" * n,
        lambda n: b"[1," * n,
        lambda n: ("{" + ",".join(f'"{k}":1' for k in range(n)) + ',"0":2}').encode(),
    ],
)
def test_twice_the_text_takes_twice_the_calls(make: Any) -> None:
    def read(n: int) -> None:
        with contextlib.suppress(NotStrictJson):
            decode(make(n))

    require_linear(read, 5_000)


def test_the_place_of_a_fault_is_not_copied_for_each_value() -> None:
    """A name of a megabyte, with thousands of values below it, is in the path of each of them."""
    value = {"ä" * 1_000_000: {str(k): k for k in range(5_000)}}
    tracemalloc.start()
    try:
        assert canonical(value)
        with pytest.raises(NotCanonical):
            canonical({**value, "z": 1.5})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * 1024 * 1024


def test_the_place_of_a_fault_is_read_as_before() -> None:
    with pytest.raises(NotCanonical) as caught:
        canonical({"a": [{"é": [1, 1.5]}]})
    assert caught.value.path == "a[0].é[1]"


def test_a_value_is_decoded_as_it_is() -> None:
    assert decode(b'{"a": [1, 2.5, null, true, "x"]}') == {"a": [1, 2.5, None, True, "x"]}


numbers = st.integers().map(str) | st.floats().map(repr) | st.sampled_from(
    ["-0", "-0.0", "0.0", "1.0", "1e5", "1E400", "01", "1.", "NaN", "-Infinity", "9007199254740993", "1" * 25]
)  # fmt: skip
texts = st.text(max_size=4).map(lambda text: json.dumps(text, ensure_ascii=False)) | st.sampled_from(
    ['"a"', '"\\u0061"', '"\\ud800"', '"\\ud83d\\ude00"', '"\x00"', '"\x7f"', '"\\/"', '"\ud800"', '"é"', "'a'"]
)
names = st.sampled_from(['"a"', '"b"', '"\\u0061"', "a"]) | texts
json_texts = st.recursive(
    numbers | texts | st.sampled_from(["null", "true", "false", "True", "", " null"]),
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
        | st.lists(st.tuples(names, inner), max_size=4).map(
            lambda pairs: f"{{{','.join(f'{name}:{value}' for name, value in pairs)}}}"
        )
    ),
    max_leaves=12,
)


def outcome(text: bytes) -> str:
    """What `decode` makes of *text*: the value with its types, or the sentence of the refusal."""
    try:
        return repr(decode(text))
    except NotStrictJson as error:
        return f"refused: {error}"


@given(json_texts.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=8))
@example(b'{"a":1,"a":1}')
@example(b'[{"a":[]},{"b":1,"b":2}]')
@example(b"[12345678901234567890123]")
@example(b"[18446744073709551615,-9223372036854775809]")
@example(b'["\\ud800"]')
@example(b"\xef\xbb\xbf[]")
def test_both_decoders_give_equal_values_or_both_refuse(text: bytes) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(strict_json, "_compact", lambda text: strict_json._NOT_COMPACT)
        strict = outcome(text)
    assert outcome(text) == strict


def test_compact_json_is_decoded_quickly() -> None:
    for value in ({"a": [1, 2.5, None, True, "é\U0001f600"]}, [], {}, "x", -(2**53)):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        assert strict_json._compact(text) == value == decode(text)
    for text in (b'{"a":1,"a":2}', b"[1, 2]", b"[12345678901234567890123]"):
        assert strict_json._compact(text) is strict_json._NOT_COMPACT
