"""Readable: text for people, shortened and cleaned so that every record that contains it is valid.

A record must not be missing on phones because a note in it is too long or contains a character that no screen
shows. Keys and codes are never changed: another key is another record.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from marshmallow import Schema
from marshmallow import fields as ma

from sync_protocol.fields import Prose
from sync_protocol.validators import schema_instance

ELLIPSIS = "…"
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"  # control characters except line breaks and tabs
    "|[\u202a-\u202e\u2066-\u2069]"  # they reverse the direction of the text behind them
    "|[\ufff9-\ufffb\ufffe\uffff]"  # no characters
    "|[\ud800-\udfff]"  # half of a surrogate pair, which no database stores
)
REPLACEMENT = "\ufffd"


def readable(text: str, longest: int) -> str:
    """Return *text* in at most *longest* characters, without characters that cannot be shown or stored."""
    if not text.isprintable():
        text = _UNREADABLE.sub(REPLACEMENT, text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + ELLIPSIS


def readable_record(schema: type[Schema], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of *record*, with the keys of *schema*, in which every `Prose` field is readable."""
    return _object(schema_instance(schema), record)


def _object(schema: Schema, value: Mapping[str, Any]) -> dict[str, Any]:
    changed = {
        name: _value(declared, value[name])
        for name, declared in _with_prose(schema)
        if name in value and value[name] is not None
    }
    return {**value, **changed}


@cache
def _with_prose(schema: Schema) -> list[tuple[str, Any]]:
    """Return the fields of *schema* that are or contain `Prose`, by their names."""
    return [(name, declared) for name, declared in schema.load_fields.items() if _has_prose(declared)]


def _has_prose(declared: Any) -> bool:
    if isinstance(declared, ma.List):
        return _has_prose(declared.inner)
    return isinstance(declared, Prose) or (
        isinstance(declared, ma.Nested) and any(map(_has_prose, declared.schema.load_fields.values()))
    )


def _value(declared: Any, value: Any) -> Any:
    if isinstance(declared, Prose):
        return readable(value, declared.longest) if isinstance(value, str) else value
    if isinstance(declared, ma.List):
        return [_value(declared.inner, item) for item in value] if isinstance(value, list) else value
    if isinstance(declared, ma.Nested):
        return _object(declared.schema, value) if isinstance(value, Mapping) else value
    return value
