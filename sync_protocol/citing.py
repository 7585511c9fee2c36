"""The records that a document cites: found by the fields that its schema declares as references."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from marshmallow import Schema
from marshmallow import fields as ma

from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.fields import Key
from sync_protocol.json_types import Record
from sync_protocol.sentence import sentence
from sync_protocol.validators import schema_instance

Find = Callable[[str, str], Record | None]
"""(collection, key) → the record, or None."""


@dataclass(frozen=True)
class Citing:
    """The fields of a schema that cite records: its own, and those of nested objects."""

    own: tuple[tuple[str, str], ...]
    """(field, collection)"""
    inside: tuple[tuple[str, bool, "Citing"], ...]
    """(field, whether it is a list of such objects, the citing fields of the objects)"""


@cache
def citing(schema: type[Schema]) -> Citing:
    """Return the fields of *schema* that cite records."""
    own, inside = [], []
    for name, declared in schema_instance(schema).fields.items():
        inner = declared.inner if isinstance(declared, ma.List) else declared
        if isinstance(inner, ma.Nested):
            inside.append((name, inner is not declared or bool(inner.many), citing(type(inner.schema))))
        elif isinstance(declared, Key) and declared.references:
            own.append((name, declared.references))
    return Citing(tuple(own), tuple(nested for nested in inside if nested[2].own or nested[2].inside))


def unknown(declared: Citing, value: Mapping[str, Any], lookup: Find, path: str) -> Iterator[Fault]:
    for name, collection in declared.own:
        cited = value.get(name)
        if cited is not None and lookup(collection, cited) is None:
            message = sentence("unknown_record", key=cited, collection=collection)
            yield Fault(ErrorCode.UNKNOWN_RECORD, path + name, message)
    for name, many, inner in declared.inside:
        nested = value.get(name)
        if many:
            for n, item in enumerate(nested or ()):
                yield from unknown(inner, item, lookup, f"{path}{name}[{n}].")
        elif nested is not None:
            yield from unknown(inner, nested, lookup, f"{path}{name}.")
