"""Keys made of several values or of a name: different ones never give one key."""

from hypothesis import given
from hypothesis import strategies as st

from backend.erp.composite import LONGEST_KEY, composite_key, key_of_name
from sync_protocol.fields import Key


@given(
    st.lists(st.lists(st.text(alphabet="a/%2F@", max_size=5), min_size=2, max_size=4), min_size=2, max_size=2)
)
def test_different_values_never_make_one_composite_key(pair: list[list[str]]) -> None:
    first, second = pair
    assert (composite_key(first, "/") == composite_key(second, "/")) == (first == second)


def test_a_composite_key_fits_and_long_ones_differ() -> None:
    keys = {composite_key(["L" * 64, f"{n}" * 64, "piece"], "/") for n in range(10)}
    assert len(keys) == 10
    assert max(map(len, keys)) <= LONGEST_KEY


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_name_makes_a_valid_key_of_its_own(first: str, second: str) -> None:
    assert (key_of_name(first) == key_of_name(second)) == (first == second)
    if first:
        assert Key().error_for(key_of_name(first)) is None


def test_names_that_differ_by_a_space_or_a_hyphen_have_different_keys() -> None:
    assert key_of_name("Nord West") == "Nord%20West"
    assert key_of_name("Nord-West") == "Nord-West"
