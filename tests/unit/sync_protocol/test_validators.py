"""Soundness: the quick look and marshmallow say the same of every value, whatever the schema."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError, fields, validate

from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.enrol import EnrolRequestSchema
from sync_protocol.fields import Bounded, Choice, Count, Text
from sync_protocol.problem import ProblemSchema
from sync_protocol.pull import PageSchema, SyncRequestSchema
from sync_protocol.push import PushReplySchema, PushRequestSchema
from sync_protocol.submission import SubmissionSchema
from sync_protocol.validators import compile_validator, schema_instance
from sync_protocol.verify import VerifyRequestSchema
from tests.examples import share_of_examples

SCHEMAS: dict[str, type[Schema]] = {
    schema.__name__: schema
    for schema in (
        *(declared.schema for declared in [*COLLECTIONS.values(), *KINDS.values()]),
        SubmissionSchema,
        PushRequestSchema,
        PushReplySchema,
        SyncRequestSchema,
        PageSchema,
        VerifyRequestSchema,
        EnrolRequestSchema,
        ProblemSchema,
    )
}

WORDS = st.sampled_from(
    [
        *(
            "C1",
            "",
            "a b",
            "x" * 41,
            "x" * 2001,
            "EUR",
            "DE",
            "order",
            "open",
            "\x00",
            "12.50",
            "-3",
            "0",
            "007",
        ),
        *("1000001", "100.5", "2026-11-23", "2026-02-30", "0026-11-23", "2026-13", "2026-12", "٣"),
        *("2026-11-23T08:43:13Z", "2026-11-23T28:43:13Z", "2400-11-23T08:43:13Z", "2026-11-23T08:43:13.5Z"),
        *("01KB0000000000000000000001", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "a" * 64, "sha256:" + "a" * 64, "f" * 16),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.sampled_from([0, 1, -1, 2**53 - 1, 2**53, 1.0, 0.5]) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "unit", "n"]), inner),
    max_leaves=4,
)


def like(declared: Any) -> st.SearchStrategy[Any]:
    """Values that often are what *declared* asks for."""
    if isinstance(declared, fields.Nested):
        return values(type(declared.schema))
    if isinstance(declared, fields.List):
        return st.lists(like(declared.inner), max_size=3) | ANYTHING
    if isinstance(declared, fields.Dict):
        return st.dictionaries(WORDS, ANYTHING, max_size=2) | ANYTHING
    if isinstance(declared, Choice):
        return st.sampled_from(declared.choices) | ANYTHING
    if isinstance(declared, Count):
        return st.integers(declared.least - 1, declared.least + 1) | st.just(declared.most) | ANYTHING
    if isinstance(declared, fields.Boolean):
        return st.booleans() | ANYTHING
    if isinstance(declared, fields.String):
        return WORDS.filter(lambda word: declared.error_for(word) is None) | ANYTHING
    return ANYTHING


def values(schema: type[Schema]) -> st.SearchStrategy[Any]:
    """Objects with the fields of *schema*, some left out, some too many."""
    declared = {name: like(field) for name, field in schema_instance(schema).fields.items()}
    return st.fixed_dictionaries({}, optional={**declared, "another": ANYTHING})


def refused(schema: type[Schema], value: Any) -> bool:
    try:
        schema_instance(schema).load(value)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("name", SCHEMAS)
@share_of_examples(0.6)  # it runs for each of the schemas
@given(data=st.data())
def test_compiled_validator_and_schema_agree(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]
    value = data.draw(values(schema))
    assert bool(compile_validator(schema)(value)) == refused(schema, value)


@pytest.mark.parametrize("name", SCHEMAS)
@given(data=st.data())
@share_of_examples(0.2)  # it runs for each of the schemas, and its values are small
def test_compiled_validator_and_schema_agree_on_single_fields(name: str, data: st.DataObject) -> None:
    schema = SCHEMAS[name]

    class One(Schema):
        field = data.draw(st.sampled_from([*schema_instance(schema).fields.values()]))

    value = data.draw(like(One().fields["field"]) | ANYTHING)
    for document in ({"field": value}, {}, value):
        assert bool(compile_validator(One)(document)) == refused(One, document)


class Odd(Schema):
    """Fields that the quick look knows nothing about, or that ask for more than it does."""

    even = fields.Integer(validate=lambda n: n % 2 == 0)
    long = Text(9, validate=validate.Length(min=3))
    few = Bounded(Text(3), most=2)
    exactly = fields.List(Text(3), validate=validate.Length(equal=2))
    pairs = fields.Dict(keys=Text(2), values=Count(most=3))
    lower = Text(9, pre_load=[lambda text: text.strip()])


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "even": st.integers(0, 9) | ANYTHING,
            "long": WORDS,
            "few": st.lists(st.sampled_from(["a", "abcd"]), max_size=4) | ANYTHING,
            "exactly": st.lists(st.just("a"), max_size=3),
            "pairs": st.dictionaries(st.sampled_from(["a", "abc"]), st.integers(0, 5)) | ANYTHING,
            "lower": st.just(" a "),
        },
    )
)
def test_fields_of_an_unknown_class_are_left_to_marshmallow(value: Any) -> None:
    assert bool(compile_validator(Odd)(value)) == refused(Odd, value)
