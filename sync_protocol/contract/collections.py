"""Collections, as the contract describes them."""

from typing import Any

from marshmallow import fields as ma

from sync_protocol.channel import Follows
from sync_protocol.collection import Collection
from sync_protocol.contract import fields
from sync_protocol.contract.labels import Labels
from sync_protocol.fields import Key
from sync_protocol.validators import schema_instance

_NAMES = ("name", "title", "number")
_COLUMNS = 4
"""Columns of a list if the collection names none."""


def described(collection: Collection, labels: Labels) -> dict[str, Any]:
    """Return the description of *collection*, with the keys that docs/contract.md has."""
    name, title = collection.name, title_of(collection)
    return {
        "name": name,
        "label": labels.text(name, f"collection.{name}"),
        "item": labels.text(name, f"collection.{name}.item"),
        "help": labels.text(collection.summary, f"collection.{name}.help"),
        "since": collection.since,
        "priority": collection.priority,
        "key": collection.key,
        "title": title,
        "columns": _columns(collection, title),
        "sort": [list(order) for order in collection.view.sort] or [[title, "ascending"]],
        "search": list(collection.view.search) or [title],
        "parent": _parent(collection),
        "fields": fields.described(
            collection.schema, name, labels, collection.key if title != collection.key else None
        ),
    }


def title_of(collection: Collection) -> str:
    """Return the field that names a record of *collection*."""
    declared = schema_instance(collection.schema).fields
    keys = [name for name, field in declared.items() if isinstance(field, Key) and field.references]
    names = [name for name in _NAMES if name in declared]
    return collection.view.title or [*names, *keys, collection.key][0]


def _columns(collection: Collection, title: str) -> list[str]:
    declared = schema_instance(collection.schema).fields
    simple = [name for name, field in declared.items() if not isinstance(field, ma.Nested | ma.List | ma.Dict)]
    named = collection.columns or tuple(name for name in simple if name != title)[: _COLUMNS + 1]
    return [name for name in named if name not in (title, collection.key)]


def _parent(collection: Collection) -> dict[str, str] | None:
    channel = collection.channel
    if collection.view.parent is not None:
        field = schema_instance(collection.schema).fields[collection.view.parent]
        if not isinstance(field, Key) or field.references is None:
            raise TypeError(f"{collection.name}.{collection.view.parent} is no key of another collection")
        return {"collection": field.references, "field": collection.view.parent}
    return {"collection": channel.collection, "field": channel.via} if isinstance(channel, Follows) else None
