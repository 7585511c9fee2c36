"""Columns: whatever goes in comes out, in each form; what is none is refused before it is read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import columns
from sync_protocol.canonical import canonical
from tests.unit.sync_protocol import independent_segment_reader as stranger

texts = st.sampled_from(["", "a", "ab", "b", "|", "a|b", "ü", "%s", '"', "\\", "\n", "\x7f", "\U0001f600"])
texts |= st.text(st.characters(codec="utf-8"), max_size=4)
plain = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
alike = st.fixed_dictionaries({"a": texts, "%d": st.lists(st.fixed_dictionaries({"x": plain}), max_size=3)})
"""Objects of the same fields, which become tables."""
some = st.sampled_from([plain, texts, st.none() | texts, values, alike, st.lists(alike, max_size=2)]).flatmap(
    lambda kind: st.lists(kind, max_size=6)
)


def canonically(value: Any) -> Any:
    """Return *value* with its fields in canonical order, as `pack` wants them."""
    return json.loads(canonical(value))


@given(some | st.lists(texts, max_size=8).map(sorted))
def test_packed_columns_are_read_back(values: list[Any]) -> None:
    values = canonically(values)
    column = json.loads(json.dumps(columns.pack(values)))
    assert columns.count(column) == len(values)
    assert columns.values(column) == values == stranger.column(column)
    assert columns.filled(columns.written(column)) == [canonical(value).decode() for value in values]


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ([], []),
        (["Bern", None, "Thun"], "Bern||Thun"),
        ([None, None], "|"),
        ([None], ""),
        (["b", ""], ["b", ""]),
        (["b", "a|c"], ["b", "a|c"]),
        ([3, None, True], [3, None, True]),
        (["C1", "C17", "C9"], {"shared": [0, 2, 1], "rest": "C1|7|9"}),
        (["C1", "C1", "C2"], {"shared": [0, 2, 1], "rest": "C1||2"}),
        (["C1", "C1"], "C1|C1"),
        ([None, "a", "b"], "|a|b"),
        (["a", "ü"], "a|ü"),
        ([["a", "c"], [], ["b"]], {"lengths": [2, 0, 1], "items": "a|c|b"}),
        ([["a"], None], [["a"], None]),
        ([{"a": 1}, {"a": 2}], {"table": {"a": [1, 2]}}),
        ([{"a": 1}, {"b": 2}], [{"a": 1}, {"b": 2}]),
        ([{"a": 1}, None], [{"a": 1}, None]),
        ([{}, {}], [{}, {}]),
        ([[{"n": 1}, {"n": 2}], []], {"lengths": [2, 0], "items": {"table": {"n": [1, 2]}}}),
    ],
)
def test_each_form_of_a_column_is_written_and_read(values: list[Any], column: Any) -> None:
    assert columns.pack(values) == column
    assert stranger.column(column) == values


@pytest.mark.parametrize(
    "column",
    [
        None,
        7,
        {},
        {"table": {}},
        {"table": {"a": "x", "b": "x|y"}},
        {"table": ["x"]},
        {"shared": [0], "rest": "a|b"},
        {"shared": [-1], "rest": "a"},
        {"shared": [True], "rest": "a"},
        {"shared": 0, "rest": "a"},
        {"shared": [0], "rest": ["a"]},
        {"lengths": [1], "items": []},
        {"lengths": [3, -1], "items": [1, 2]},
        {"lengths": ["1"], "items": [1]},
        {"lengths": [1]},
        {"lengths": [2], "items": {"table": {}}},
    ],
)
def test_an_invalid_column_is_refused(column: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        columns.count(column)
