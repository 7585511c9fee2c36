"""Generated functions say what the code says that walks through the declarations."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.catalogue import KINDS
from sync_protocol.citing import citing, unknown
from sync_protocol.citing_code import cited_refs, finds_all
from sync_protocol.condition import Scope, compile_condition
from sync_protocol.condition_code import any_true

RECORDS = {"a": ("as", "x"), "b": ("bs", "line.y"), "c": ("cs", "a.z")}
PATHS = st.sampled_from(["x", "y", "total", "a.z", "a.n", "b.n", "c.n", "line.y", "line.n"])
VALUES = st.sampled_from([None, "", "1", "2", "0", "0.00", "K", True, False])
NUMBERS = st.sampled_from([None, "0", "0.00", "1", "2.5", "-1"])
DATES = st.sampled_from([None, "", "2026-11-23", "2026-11-24"])


def leaves(numbers: Any, dates: Any, any_path: Any) -> Any:
    return (
        st.tuples(st.just("equals"), any_path, VALUES)
        | st.tuples(st.just("same"), any_path, any_path)
        | st.tuples(st.just("before"), dates, dates)
        | st.tuples(st.just("zero"), numbers)
        | st.tuples(st.just("exceeds"), st.lists(numbers, min_size=1, max_size=3).map(tuple), numbers)
    )


NUMBER_PATHS = st.sampled_from(["n", "total", "a.n", "b.n", "c.n", "line.n"])
DATE_PATHS = st.sampled_from(["d", "a.d", "b.d", "line.d"])
CONDITIONS = st.recursive(
    leaves(NUMBER_PATHS, DATE_PATHS, PATHS),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: ("all", *parts))
        | st.lists(inner, max_size=3).map(lambda parts: ("any", *parts))
        | inner.map(lambda part: ("not", part))
    ),
    max_leaves=6,
)
OBJECTS = st.fixed_dictionaries({}, optional={"x": VALUES, "y": VALUES, "z": VALUES, "n": NUMBERS, "d": DATES})
BODIES = st.builds(lambda body, lines: {**body, "lines": lines}, OBJECTS, st.lists(OBJECTS, max_size=3))


@given(
    st.lists(CONDITIONS, max_size=3),
    st.lists(CONDITIONS, max_size=3),
    BODIES,
    st.dictionaries(st.tuples(st.sampled_from(["as", "bs", "cs"]), VALUES), OBJECTS | st.none()),
)
def test_the_conditions_of_rules(
    conditions: list[Any], of_lines: list[Any], body: dict[str, Any], records: dict[Any, Any]
) -> None:
    def find(collection: str, key: Any) -> Any:
        return records.get((collection, key))

    def total() -> Decimal:
        return Decimal("1.5")

    def is_true(condition: Any, line: dict[str, Any]) -> bool:
        return compile_condition(condition)(Scope(RECORDS, body, line, find, total))

    expected = any(is_true(condition, {}) for condition in conditions) or any(
        is_true(condition, line) for line in body["lines"] for condition in of_lines
    )
    assert any_true(RECORDS, conditions, of_lines)(body, find, total) is expected


def test_the_record_of_a_line_is_looked_up_for_each_line() -> None:
    is_broken = any_true(RECORDS, [], [("equals", "b.n", "2")])
    records = {("bs", "K"): {"n": "1"}, ("bs", "L"): {"n": "2"}}
    lines = [{"y": "K"}, {"y": "L"}]

    def find(collection: str, key: str) -> Any:
        return records.get((collection, key))

    assert is_broken({"lines": lines}, find, Decimal) is True
    assert is_broken({"lines": lines[:1]}, find, Decimal) is False
    # Also if a condition of the whole document, which has no line, asks for it too.
    is_broken = any_true(RECORDS, [("equals", "b.n", "1")], [("equals", "b.n", "2")])
    assert is_broken({"lines": lines}, find, Decimal) is True


def test_a_word_that_no_condition_has_is_refused() -> None:
    with pytest.raises(ValueError, match="no such condition"):
        any_true({}, [("value", "x")], [])


KEYS = st.sampled_from([None, "A", "B"])


def citing_body(declared: Any) -> Any:
    fields = {name: KEYS for name, _ in declared.own}
    for name, many, inner in declared.inside:
        value = citing_body(inner)
        fields[name] = st.none() | (st.lists(value, max_size=3) if many else value)
    return st.fixed_dictionaries({}, optional=fields)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
@given(data=st.data())
def test_what_a_body_cites(kind: Any, data: st.DataObject) -> None:
    declared = citing(kind.schema)
    body = data.draw(citing_body(declared))
    cited: set[tuple[str, str]] = set()

    def note(collection: str, key: str) -> Any:
        cited.add((collection, key))
        return {}

    list(unknown(declared, body, note, ""))
    assert cited_refs(kind.schema)(body) == cited
    known = data.draw(st.frozensets(st.sampled_from(sorted(cited)))) if cited else frozenset()

    def find(collection: str, key: str) -> Any:
        return {} if (collection, key) in known else None

    assert finds_all(kind.schema)(body, find) is not bool(list(unknown(declared, body, find, "")))
