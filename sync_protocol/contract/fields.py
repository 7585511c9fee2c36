"""The fields of collections and kinds, as the contract describes them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from marshmallow import Schema, missing, validate
from marshmallow import fields as ma

from sync_protocol.contract.labels import Labels
from sync_protocol.contract.types import type_of
from sync_protocol.decimal_text import DecimalText
from sync_protocol.fields import Choice, Count, Currency, Key, Money, Quantity, Text
from sync_protocol.validators import schema_instance

MULTILINE = 200
"""A longer text has several lines."""
UNIT = "unit"
_HIDDEN = frozenset({"sha256", "hash", "json"})


class Place(NamedTuple):
    """Where fields are described: the owner of their labels, and the schemas around them, outermost first."""

    owner: str
    """A collection or kind."""
    path: tuple[str, ...] = ()
    schemas: tuple[Schema, ...] = ()

    def key(self, prefix: str, *more: str) -> str:
        """Return the key of a text for this place."""
        return ".".join((prefix, self.owner, *self.path, *more))


def described(schema: type[Schema], owner: str, labels: Labels, key: str | None = None) -> list[dict[str, Any]]:
    """Return the fields of *schema*; *key* is that of its records, which people do not read."""
    return list(_fields(schema_instance(schema), Place(owner), labels, key))


def _fields(schema: Schema, place: Place, labels: Labels, key: str | None) -> Iterator[dict[str, Any]]:
    around = Place(place.owner, place.path, (*place.schemas, schema))
    for name, declared in schema.fields.items():
        inner = Place(around.owner, (*around.path, name), around.schemas)
        hidden = name == key or type_of(declared) in _HIDDEN or bool(declared.metadata.get("hidden"))
        yield {
            "name": declared.data_key or name,
            "label": labels.text(name, inner.key("field"), f"field.{name}"),
            **labels.help(inner.key("field", "help")),
            "required": declared.required and not declared.allow_none,
            "nullable": bool(declared.allow_none),
            **_default(declared),
            **_value(declared, inner, labels),
            **({"names": declared.metadata["names"]} if "names" in declared.metadata else {}),
            **({"hidden": True} if hidden else {}),
        }


def _default(declared: ma.Field[Any]) -> dict[str, Any]:
    default = declared.load_default
    return {} if default is missing or default is None or callable(default) else {"default": default}


def _value(declared: Any, place: Place, labels: Labels) -> dict[str, Any]:
    """Return the type of a field and what belongs to it."""
    described: dict[str, Any] = {"type": type_of(declared)}
    match declared:
        case ma.List():
            described |= _length(declared) | {"item": _value(declared.inner, place, labels)}
        case ma.Nested():
            described["fields"] = list(_fields(declared.schema, place, labels, None))
        case Choice():
            described["choices"] = [_choice(value, place, labels) for value in declared.choices]
        case Text():
            described |= {"longest": declared.longest, "blank": declared.blank}
            described["multiline"] = declared.longest > MULTILINE
        case Key() if declared.references:
            described["references"] = declared.references
        case Count():
            described |= {"least": declared.least, "most": declared.most}
        case DecimalText():
            bounds = {"above": declared.above, "least": declared.least, "most": declared.most}
            described |= {name: bound for name, bound in bounds.items() if bound is not None}
            described |= _beside(declared, place)
    return described


def _choice(value: str, place: Place, labels: Labels) -> dict[str, Any]:
    name = place.path[-1]
    keys = (place.key("choice", value), f"choice.{name}.{value}", f"{name}.{value}")
    return {"value": value, "label": labels.text(value, *keys)}


def _length(declared: ma.List[Any]) -> dict[str, int]:
    bounds: dict[str, int] = {}
    for validator in declared.validators:
        if isinstance(validator, validate.Length):
            bounds |= {"least": validator.min} if validator.min is not None else {}
            bounds |= {"most": validator.max} if validator.max is not None else {}
    return bounds


def _beside(declared: DecimalText, place: Place) -> Mapping[str, str]:
    """Return the field with the currency of an amount, or with the unit of a quantity: the nearest one."""
    for schema in reversed(place.schemas):
        for name, other in schema.fields.items():
            if isinstance(declared, Money) and isinstance(other, Currency):
                return {"currency": name}
            if isinstance(declared, Quantity) and name == UNIT and not declared.metadata.get("factor"):
                return {"unit": name}
    return {}
