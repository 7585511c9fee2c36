"""Checksums: what a row hash is, and that sums see what a replica could have wrong."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.canonical import canonical, digest
from sync_protocol.checksum import MODULUS, Checksum, hash_text, record_hash, row_hash, signed

hashes = st.lists(st.integers(0, MODULUS - 1))


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.dictionaries(st.text("abc"), st.integers(0, 9)))
def test_a_row_hash_is_the_beginning_of_the_digest_of_a_canonical_value(
    key: str, record: dict[str, int]
) -> None:
    assert hash_text(record_hash("customers", key, record)) == digest(["customers", key, record])[:16]


def test_the_checksum_matches_the_test_vector_of_the_protocol() -> None:
    body = canonical({"name": "Müller", "id": "C1"}).decode()
    assert hash_text(row_hash("customers", "C1", body)) == "aaec1ef4c52c829c"
    assert json.loads(body) == {"id": "C1", "name": "Müller"}


@given(hashes, hashes)
def test_sums_add_up_whatever_the_order(some: list[int], others: list[int]) -> None:
    assert Checksum.of(some) + Checksum.of(others) == Checksum.of([*reversed(others), *some])


@given(st.integers(0, MODULUS - 1))
def test_a_duplicate_row_changes_the_sum(value: int) -> None:
    assert Checksum.of([value, value]) == Checksum(2, 2 * value % MODULUS)


@given(st.integers())
def test_databases_keep_sixty_four_signed_bits(value: int) -> None:
    assert -(2**63) <= signed(value) < 2**63
    assert signed(value) % MODULUS == value % MODULUS
