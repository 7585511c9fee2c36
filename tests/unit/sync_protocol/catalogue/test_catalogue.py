"""The catalogue's declarations fit together."""

from collections.abc import Iterator

import pytest
from marshmallow import Schema, fields

from sync_protocol.catalogue import COLLECTIONS, KINDS, followers
from sync_protocol.channel import DIMENSIONS, ByField, Follows
from sync_protocol.fields import Key
from sync_protocol.submission import FINAL, MOVES, State


def keys_in(schema: Schema) -> Iterator[Key]:
    for declared in schema.fields.values():
        if isinstance(declared, Key):
            yield declared
        elif isinstance(declared, fields.Nested):
            yield from keys_in(declared.schema)
        elif isinstance(declared, fields.List) and isinstance(declared.inner, fields.Nested):
            yield from keys_in(declared.inner.schema)


def test_every_collection_of_the_main_job_is_declared() -> None:
    assert set(COLLECTIONS) >= {
        "units", "products", "price_lists", "prices", "warehouses", "stock_levels", "customers", "contacts",
        "orders", "receivables", "credit", "expense_categories", "submissions",
    }  # fmt: skip
    assert set(KINDS) == {"order", "forecast", "expense_claim", "withdrawal", "change_request"}


LATER_FIELDS = {
    "contacts": {"search"},
    "customers": {"search"},
    "prices": {"min_amount"},
    "products": {"search"},
    "submissions": {"parameters", "reason_code"},
}
"""Fields that were added after records had been stored, which lack them."""


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_collection_has_its_key_and_its_channel_in_its_schema(name: str) -> None:
    collection = COLLECTIONS[name]
    declared = collection.schema().fields
    assert collection.key in declared
    optional = {field for field in declared if not declared[field].required}
    assert optional == LATER_FIELDS.get(name, set()), "a record is whole: null says unknown"
    assert set(collection.volatile) <= set(declared)
    rule = collection.channel
    if isinstance(rule, ByField):
        assert rule.field in declared
        assert rule.dimension in DIMENSIONS
    if isinstance(rule, Follows):
        assert rule.via in declared
        assert collection in followers(rule.collection)
        assert COLLECTIONS[rule.collection].priority <= collection.priority, (
            "a parent comes before its followers"
        )


@pytest.mark.parametrize("name", [*COLLECTIONS, *KINDS])
def test_references_of_the_catalogue_exist(name: str) -> None:
    declared = COLLECTIONS.get(name) or KINDS[name]
    for key in keys_in(declared.schema()):
        assert key.references is None or key.references in COLLECTIONS


def test_every_state_has_a_transition_or_is_final() -> None:
    assert set(MOVES) == set(State)
    reached = {new for moves in MOVES.values() for new in moves}
    assert set(State) - reached == {State.RECEIVED, State.AWAITING_APPROVAL} - reached
    assert {state for state, moves in MOVES.items() if not moves} <= FINAL
