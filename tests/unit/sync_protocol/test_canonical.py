"""Canonical JSON: the same value, the same bytes, in every language."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol import canonical as module
from sync_protocol.canonical import NotCanonical, canonical, digest

# Half of a surrogate pair is not text; a test below shows that it is refused.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_reading_canonical_bytes_gives_the_value_back(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(text, st.integers(0, 9)))
def test_the_order_in_which_keys_were_set_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_keys_are_ordered_by_their_utf16_units() -> None:
    """RFC 8785, 3.2.3: U+1F600 begins with a surrogate and so comes before U+FB33."""
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\ufb33":1}'.encode()


def test_control_characters_are_written_as_the_rfc_says() -> None:
    assert canonical('\b\t\n\f\r\x0b"\\/\x7f\u20ac') == '"\\b\\t\\n\\f\\r\\u000b\\"\\\\/\x7f€"'.encode()


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        ({"lines": [{}, {"quantity": 1.5}]}, "lines[1].quantity", "floating-point"),
        ({"n": 2**53}, "n", "2^53"),
        ({1: "x"}, "", "key that is not text"),
        ({"x": {1, 2}}, "x", "set"),
        ("\ud800", "", "surrogate"),
    ],
)
def test_a_value_that_json_cannot_hold_is_refused(value: Any, path: str, reason: str) -> None:
    with pytest.raises(NotCanonical, match=reason.replace("^", r"\^")) as caught:
        canonical(value)
    assert caught.value.path == path


def test_deep_nesting_is_refused() -> None:
    value: Any = "x"
    for _ in range(40):
        value = [value]
    with pytest.raises(NotCanonical, match="nested deeper"):
        canonical(value)


def test_the_digest_of_a_known_document_never_changes() -> None:
    """Documents wait on phones for months; were this to change, honest retries would look like forgeries."""
    body = {"customer_id": "C1", "lines": [{"quantity": "3", "product_id": "P1"}], "note": "Grüße €"}
    assert digest(body) == "29a0b70b6ec5213a49ab2106e2593d11f8155dce95a755aaf903ab5e9bbc7a0b"


# What a value may hold that nobody should send: everything that the careful walk looks at.
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**53 - 2, 2**53 + 1)
    | st.floats()
    | st.text(max_size=5)
    | st.text(st.characters(categories=["Cs"]), max_size=1),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.lists(inner, max_size=1).map(lambda value: [[[[[[[[[[[[[[[value]]]]]]]]]]]]]]])
    ),
    max_leaves=20,
)


def safe_canonical(value: Any) -> Any:
    try:
        return canonical(value)
    except NotCanonical as error:
        return error.path, error.reason


@given(values | anything)
def test_the_fast_and_the_careful_encoder_give_equal_bytes(value: Any) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(module, "_quickly", lambda value: None)
        careful = safe_canonical(value)
    assert safe_canonical(value) == careful


@pytest.mark.parametrize("depth", range(30, 36))
@pytest.mark.parametrize("inner", [[], {}, "x", 1])
def test_both_encoders_count_depth_alike(depth: int, inner: Any) -> None:
    value: Any = inner
    for _ in range(depth):
        value = [value]
    test_the_fast_and_the_careful_encoder_give_equal_bytes.hypothesis.inner_test(value)


def test_ordinary_values_use_the_fast_encoder() -> None:
    value = {"lines": [{"quantity": "3", "n": 1, "none": None, "is": True}], "größe": "Grüße €"}
    assert module._quickly(value) == canonical(value)
    assert module._quickly({"\U0001f600": 1}) is None
