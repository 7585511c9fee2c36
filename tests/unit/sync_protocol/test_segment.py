"""Segments: what goes in comes out, byte for byte canonical; anything else is refused."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.canonical import canonical
from sync_protocol.segment import KeyRange, SegmentDamaged, decode, encode, name_of
from tests.unit.sync_protocol import independent_segment_reader as stranger

STREAM = ("territory:NW", "customers")
MOST = 1024 * 1024

texts = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
records = st.dictionaries(st.sampled_from(["name", "\ufb33", "\U0001f600", "b", "lines", "%s"]), values)


def rows_of(records: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, canonical({**record, "id": key}).decode()) for key, record in sorted(records.items())]


@given(st.dictionaries(st.text("ABC123", min_size=1, max_size=4), records, max_size=8))
def test_a_segment_gives_back_canonical_records(records_by_key: dict[str, Any]) -> None:
    data = encode(STREAM, KeyRange(), rows_of(records_by_key))
    segment = decode(data, sha256=name_of(data), most=MOST)
    assert segment.rows == rows_of(records_by_key)
    assert (segment.stream, segment.range) == (STREAM, KeyRange())
    expected = [json.loads(body) for _, body in rows_of(records_by_key)]
    assert segment.records() == expected == stranger.read(data)
    assert segment.values("id") == [record["id"] for record in expected]
    assert segment.values("name") in (None, [record.get("name") for record in expected])


def test_a_segment_holds_each_key_once() -> None:
    rows = [(key, canonical({"id": key, "name": "Müller"}).decode()) for key in ("C-4711", "X-4712")]
    assert gzip.decompress(encode(STREAM, KeyRange(), rows)).count(b"-4711") == 1


def test_a_record_that_does_not_hold_its_key_makes_no_segment() -> None:
    with pytest.raises(ValueError, match="does not hold its key in id"):
        encode(STREAM, KeyRange(), [("C1", '{"id":"C2"}')])


def test_the_same_rows_give_the_same_bytes_at_any_time() -> None:
    rows = [("C1", '{"id":"C1"}')]
    assert encode(STREAM, KeyRange(), rows) == encode(STREAM, KeyRange(), rows)


@pytest.mark.parametrize("at", range(0, 120, 7))
def test_a_segment_with_a_changed_byte_is_refused(at: int) -> None:
    data = bytearray(encode(STREAM, KeyRange(), [(f"C{n}", f'{{"id":"C{n}"}}') for n in range(9)]))
    name = name_of(bytes(data))
    data[at % len(data)] ^= 1
    with pytest.raises(SegmentDamaged, match="is not its name"):
        decode(bytes(data), sha256=name, most=MOST)


WELL_FORMED = {
    "v": 1, "channel": "c", "collection": "x", "from": "", "to": None, "key": "id",
    "columns": {"id": "a|b", "n": [1, None]}, "absent": {"n": [1]},
}  # fmt: skip


def test_the_undamaged_example_is_a_segment() -> None:
    data = gzip.compress(json.dumps(WELL_FORMED).encode())
    segment = decode(data, sha256=name_of(data), most=MOST)
    assert segment.rows == [("a", '{"id":"a","n":1}'), ("b", '{"id":"b"}')]


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {**WELL_FORMED, "v": 2},
        {**WELL_FORMED, "columns": {}},
        {**WELL_FORMED, "columns": {"id": "a|b", "n": [1]}},
        {**WELL_FORMED, "columns": {"id": "a|b", "n": 7}},
        {**WELL_FORMED, "columns": {"id": "a|b", "n": [1.5, None]}},
        {**WELL_FORMED, "columns": {"id": "b|a", "n": [1, None]}},
        {**WELL_FORMED, "columns": {"id": "a|", "n": [1, None]}},
        {**WELL_FORMED, "key": "no"},
        {**WELL_FORMED, "from": "b"},
        {**WELL_FORMED, "absent": {"no": [1]}},
        {**WELL_FORMED, "absent": {"n": [2]}},
        {**WELL_FORMED, "absent": {"n": [1, 1]}},
        {**WELL_FORMED, "absent": {"n": 1}},
    ],
)
def test_bytes_that_are_no_segment_are_refused(value: Any) -> None:
    data = gzip.compress(json.dumps(value).encode())
    with pytest.raises(SegmentDamaged):
        decode(data, sha256=name_of(data), most=MOST)


def test_a_segment_that_inflates_without_end_is_refused() -> None:
    data = gzip.compress(b" " * (MOST + 1))
    with pytest.raises(SegmentDamaged, match="inflates to more than"):
        decode(data, sha256=name_of(data), most=MOST)
