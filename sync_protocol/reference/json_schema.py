"""JSON Schema (draft 2020-12) of the wire's types, from the marshmallow schemas that validate them.

JSON Schema cannot express the bounds of decimal text; the descriptions contain them.
"""

from collections.abc import Iterable
from typing import Any

from marshmallow import RAISE, Schema, fields, missing, validate

from sync_protocol.blank import DRAWN_AS_NOTHING
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.decimal_text import DecimalText
from sync_protocol.fields import Choice, Count, Date, Instant, Key, Text
from sync_protocol.limits import Limits
from sync_protocol.reference.notes import field_notes, summary
from sync_protocol.submission import SubmissionSchema
from sync_protocol.wire_field import Pattern

DIALECT = "https://json-schema.org/draft/2020-12/schema"
KEY_RULE = (
    "Printable: no character of the Unicode categories Z and C, and none that is drawn as nothing"
    f" ({DRAWN_AS_NOTHING.pattern})."
)
"""What the pattern of a key leaves open. An app of an earlier revision knows the pattern."""
Json = dict[str, Any]
"""A JSON Schema (draft 2020-12): its keys are keywords such as `type` and `properties`."""


def name_of(schema: type[Schema]) -> str:
    """Return the definition's name for *schema*: `OrderBody` for `OrderBodySchema`."""
    return schema.__name__.removesuffix("Schema")


def definitions(schemas: Iterable[type[Schema]], prefix: str = "#/$defs/") -> dict[str, Json]:
    """Return JSON Schema by name for *schemas*, the catalogue, and everything that these refer to.

    References begin with *prefix*. Raises ValueError if two schemas have one name.
    """
    described: dict[str, Json] = {"Limits": _limits()}
    owners: dict[str, type[Schema]] = {}
    catalogue = [*(c.schema for c in COLLECTIONS.values()), *(k.schema for k in KINDS.values())]
    waiting: list[type[Schema]] = [SubmissionSchema, *catalogue, *schemas]
    while waiting:
        schema = waiting.pop(0)
        name = name_of(schema)
        if owners.setdefault(name, schema) is not schema:
            raise ValueError(f"two schemas are called {name}: {owners[name]} and {schema}")
        if name not in described:
            described[name] = object_schema(schema, prefix)
            waiting += nested(schema)
    _add_references(described, prefix)
    return dict(sorted(described.items()))


def _add_references(described: dict[str, Json], prefix: str) -> None:
    """Add the types that the schemas leave open, because the server checks those items one by one."""
    described["Submission"]["allOf"] = [
        _when("kind", kind.name, {"body": {"$ref": prefix + name_of(kind.schema)}}) for kind in KINDS.values()
    ]
    for name in described.keys() & {"Changes", "Repair"}:
        described[name]["allOf"] = [
            _when("collection", c.name, {"put": {"items": _at_position({"$ref": prefix + name_of(c.schema)})}})
            for c in COLLECTIONS.values()
        ]
        described[name]["properties"]["collection"]["enum"] = list(COLLECTIONS)
        described[name]["properties"]["put"]["items"] = _at_position({"type": "object"})
    if "Changes" in described:
        described["Changes"]["properties"]["gone"]["items"] = _at_position({"type": "string"})
    for name in described.keys() & {"PushRequest", "SyncRequest"}:
        described[name]["properties"]["submissions"]["items"] = {"$ref": prefix + "Submission"}
    if "SyncReply" in described:
        described["SyncReply"]["properties"]["problem"] = _or_null({"$ref": prefix + "Problem"})


def object_schema(schema: type[Schema], prefix: str) -> Json:
    """Return the JSON Schema of one marshmallow schema."""
    instance = schema()
    notes = field_notes(schema)
    result: Json = {"type": "object"}
    if summary(schema):
        result["description"] = summary(schema)
    result["properties"] = {}
    for name, declared in instance.fields.items():
        described = field_schema(declared, prefix)
        note = " ".join(filter(None, [notes.get(name), _bounds(declared)]))
        result["properties"][declared.data_key or name] = described | ({"description": note} if note else {})
    result["required"] = [
        declared.data_key or name for name, declared in instance.fields.items() if declared.required
    ]
    if instance.unknown == RAISE:
        result["additionalProperties"] = False
    return result


def nested(schema: type[Schema]) -> list[type[Schema]]:
    """Return the schemas that fields of *schema* refer to."""
    schemas = []
    for declared in schema().fields.values():
        inner = declared.inner if isinstance(declared, fields.List) else declared
        if isinstance(inner, fields.Nested):
            schemas.append(type(inner.schema))
    return schemas


def field_schema(declared: fields.Field[Any], prefix: str) -> Json:
    """Return the JSON Schema of one field."""
    described = _type_of(declared, prefix)
    if not declared.required and declared.load_default is not missing and not callable(declared.load_default):
        described["default"] = declared.load_default
    return _or_null(described) if declared.allow_none and described else described


def _type_of(declared: fields.Field[Any], prefix: str) -> Json:
    match declared:
        case fields.Nested():
            return {"$ref": prefix + name_of(type(declared.schema))}
        case fields.List():
            return {
                "type": "array",
                "items": field_schema(declared.inner, prefix),
                **_length(declared.validators),
            }
        case fields.Tuple():
            return _tuple([field_schema(inner, prefix) for inner in declared.tuple_fields])
        case fields.Dict():
            return {"type": "object"}
        case Choice():
            return {"type": "string", "enum": list(declared.choices)}
        case Text():
            text = {"type": "string", "maxLength": declared.longest, "pattern": _anchored(declared)}
            return text if declared.blank else {**text, "minLength": 1, "allOf": [{"pattern": r"\S"}]}
        case Instant():
            return {"type": "string", "format": "date-time", "pattern": _anchored(declared)}
        case Date():
            return {"type": "string", "format": "date", "pattern": _anchored(declared)}
        case Pattern():
            return {"type": "string", "pattern": _anchored(declared)}
        case Count():
            return {"type": "integer", "minimum": declared.least, "maximum": declared.most}
        case fields.Boolean():
            return {"type": "boolean"}
        case fields.Raw():
            return {}
    raise TypeError(f"no JSON Schema for {type(declared).__name__}")


def _anchored(declared: Pattern) -> str:
    return f"^(?:{declared.pattern.pattern})$"


def _length(validators: Iterable[Any]) -> Json:
    limits: Json = {}
    for validator in validators:
        if isinstance(validator, validate.Length):
            if validator.min is not None:
                limits["minItems"] = validator.min
            if validator.max is not None:
                limits["maxItems"] = validator.max
    return limits


def _bounds(declared: fields.Field[Any]) -> str:
    if isinstance(declared, Key):
        return KEY_RULE
    if not isinstance(declared, DecimalText):
        return ""
    bounds = [("More than", declared.above), ("At least", declared.least), ("At most", declared.most)]
    return " ".join(f"{word} {bound}." for word, bound in bounds if bound is not None)


def _or_null(described: Json) -> Json:
    if "enum" in described:
        return described | {"type": ["string", "null"], "enum": [*described["enum"], None]}
    if isinstance(described.get("type"), str):
        return described | {"type": [described["type"], "null"]}
    return {"anyOf": [described, {"type": "null"}]}


def _when(field: str, value: str, then: Json) -> Json:
    return {
        "if": {"properties": {field: {"const": value}}, "required": [field]},
        "then": {"properties": then},
    }


def _tuple(items: list[Json]) -> Json:
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _at_position(item: Json) -> Json:
    return _tuple([{"type": "integer", "minimum": 1, "maximum": 2**53 - 1}, item])


def _limits() -> Json:
    limits = Limits().as_wire()
    return {
        "type": "object",
        "description": "The limits in force. Bytes are counted after decompression. "
        "Times are in seconds unless the name says days.",
        "properties": {name: {"type": "integer", "minimum": 0} for name in limits},
        "required": list(limits),
    }
