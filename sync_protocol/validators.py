"""Soundness: is anything at all wrong with a value, by the schema that declares it?

Nearly every record and document is as it should be, and to find that out by loading it with marshmallow
costs ten times as much as to look. So each schema is made once into a plain function out of its own fields.
What it says no to is left to marshmallow, which says what is wrong, and where; a test holds the two to each
other.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, missing, validate
from marshmallow import fields as ma

from sync_protocol.fields import WireField

Wrong = Callable[[Any], Any]
"""Returns something true for a value (not null) with which something is wrong."""


@cache
def schema_instance(schema: type[Schema]) -> Schema:
    """Return the one instance of *schema*; making one costs more than checking a record with it."""
    return schema()


@cache
def compile_validator(schema: type[Schema]) -> Wrong:
    """Return the function that says of a decoded JSON value whether *schema* would find a fault in it."""
    return _object(schema_instance(schema))


def _object(schema: Schema) -> Wrong:
    plan = [
        (declared.data_key or name, declared.required, declared.allow_none, _wrong(declared))
        for name, declared in schema.load_fields.items()
    ]
    known = frozenset(name for name, *_ in plan) if schema.unknown == RAISE else None

    def wrong(value: Any) -> bool:
        if type(value) is not dict:
            return True
        for name, required, nullable, wrong in plan:
            item = value.get(name, missing)
            if item is missing:
                if required:
                    return True
            elif item is None:
                if not nullable:
                    return True
            elif wrong(item):
                return True
        return known is not None and not known.issuperset(value)

    return wrong


def _wrong(declared: Any) -> Wrong:
    bounds = _length(declared.validators)
    if bounds is None or declared.pre_load or declared.post_load:
        return _refused_by(declared)
    if isinstance(declared, ma.List):
        # A subclass may look first (`Bounded` does, at the length, which its validator repeats).
        return _list(_each(declared.inner), *bounds)
    if declared.validators:
        return _refused_by(declared)
    if isinstance(declared, WireField):
        return declared.wrong
    if type(declared) is ma.Nested and not (declared.many or declared.schema.many or declared.unknown):
        return _object(declared.schema)
    if type(declared) is ma.Raw:
        return _never
    if type(declared) is ma.Dict and declared.key_field is None and declared.value_field is None:
        return _no_object
    return _refused_by(declared)


def _list(each: Wrong, least: int, most: int | None) -> Wrong:
    def wrong(value: Any) -> bool:
        if type(value) is not list or len(value) < least or (most is not None and len(value) > most):
            return True
        # No generator: this is the inner loop of an order's lines.
        for item in value:  # noqa: SIM110
            if each(item):
                return True
        return False

    return wrong


def _each(inner: Any) -> Wrong:
    wrong, nullable = _wrong(inner), inner.allow_none
    return lambda item: not nullable if item is None else wrong(item)


def _length(validators: list[Any]) -> tuple[int, int | None] | None:
    """Return the bounds that *validators* set, or None if they ask for anything else than one length."""
    if not validators:
        return 0, None
    [first, *more] = validators
    if type(first) is not validate.Length or more or first.equal is not None:
        return None
    return first.min or 0, first.max


def _no_object(value: Any) -> bool:
    return type(value) is not dict


def _never(value: Any) -> bool:
    return False


def _refused_by(declared: Any) -> Wrong:
    """Return the way by marshmallow, for fields about which nothing is known here."""

    def wrong(value: Any) -> bool:
        try:
            declared.deserialize(value)
        except ValidationError:
            return True
        return False

    return wrong
