"""Fast validators: compile a schema into a plain function that says whether a value has a fault.

Nearly every record and document is valid, and loading it with marshmallow to find that out costs ten times as
much. So each schema is compiled once from its own fields. A value that the function rejects goes to
marshmallow, which lists the faults with their paths. A test checks that both agree.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, missing, validate
from marshmallow import fields as ma

from sync_protocol.wire_field import WireField

HasFault = Callable[[Any], Any]
"""Returns something true for a value (not null) that has a fault."""


@cache
def schema_instance(schema: type[Schema]) -> Schema:
    """Return the only instance of *schema*; creating one costs more than checking a record with it."""
    return schema()


@cache
def compile_validator(schema: type[Schema]) -> HasFault:
    """Return a function that says whether *schema* would find a fault in a decoded JSON value."""
    return _object(schema_instance(schema))


def _object(schema: Schema) -> HasFault:
    plan = [
        (declared.data_key or name, declared.required, declared.allow_none, _compile(declared))
        for name, declared in schema.load_fields.items()
    ]
    declared_names = frozenset(name for name, *_ in plan) if schema.unknown == RAISE else None

    def has_fault(value: Any) -> bool:
        if type(value) is not dict:
            return True
        for name, required, nullable, field_has_fault in plan:
            item = value.get(name, missing)
            if item is missing:
                if required:
                    return True
            elif item is None:
                if not nullable:
                    return True
            elif field_has_fault(item):
                return True
        return declared_names is not None and not declared_names.issuperset(value)

    return has_fault


def _compile(declared: Any) -> HasFault:
    bounds = _length(declared.validators)
    if bounds is None or declared.pre_load or declared.post_load:
        return _by_marshmallow(declared)
    if isinstance(declared, ma.List):
        # A subclass may check something first: `Bounded` checks the length, and so does its validator.
        return _list(_each(declared.inner), *bounds)
    if declared.validators:
        return _by_marshmallow(declared)
    if isinstance(declared, WireField):
        return declared.error_for
    if type(declared) is ma.Nested and not (declared.many or declared.schema.many or declared.unknown):
        return _object(declared.schema)
    if type(declared) is ma.Raw:
        return _never
    if type(declared) is ma.Dict and declared.key_field is None and declared.value_field is None:
        return _not_an_object
    return _by_marshmallow(declared)


def _list(each: HasFault, least: int, most: int | None) -> HasFault:
    def has_fault(value: Any) -> bool:
        if type(value) is not list or len(value) < least or (most is not None and len(value) > most):
            return True
        # No generator: this is the inner loop of an order's lines.
        return any(map(each, value))

    return has_fault


def _each(inner: Any) -> HasFault:
    has_fault, nullable = _compile(inner), inner.allow_none
    return lambda item: not nullable if item is None else has_fault(item)


def _length(validators: list[Any]) -> tuple[int, int | None] | None:
    """Return the bounds that *validators* set; None if they contain anything other than one length check."""
    if not validators:
        return 0, None
    [first, *more] = validators
    if type(first) is not validate.Length or more or first.equal is not None:
        return None
    return first.min or 0, first.max


def _not_an_object(value: Any) -> bool:
    return type(value) is not dict


def _never(value: Any) -> bool:
    return False


def _by_marshmallow(declared: Any) -> HasFault:
    """Return a function that asks marshmallow, for fields that this module does not know."""

    def has_fault(value: Any) -> bool:
        try:
            declared.deserialize(value)
        except ValidationError:
            return True
        return False

    return has_fault
