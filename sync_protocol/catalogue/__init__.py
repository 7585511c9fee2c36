"""Every collection and kind, one file each. A new one is one file here and one mapper entry per connector.

The modules of this package are found automatically: one that contains a `Collection` or a `Kind` declares it.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from sync_protocol.channel import Follows
from sync_protocol.collection import Collection, Kind


def _declared() -> Iterator[Any]:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        yield from vars(importlib.import_module(f"{__name__}.{module.name}")).values()


def _collections() -> dict[str, Collection]:
    collections = {d.name: d for d in _declared() if isinstance(d, Collection)}
    return dict(sorted(collections.items(), key=lambda item: (item[1].priority, item[0])))


COLLECTIONS: dict[str, Collection] = _collections()
"""Every collection by name, in the order in which phones need them."""

KINDS: dict[str, Kind] = {d.name: d for d in _declared() if isinstance(d, Kind)}
"""Every kind of submission by name."""


def key_field(collection: str) -> str:
    """Return the field with the key of *collection*'s records; `id` for a collection of a newer server."""
    declared = COLLECTIONS.get(collection)
    return declared.key if declared else "id"


def followers(parent: str) -> list[Collection]:
    """Return the collections whose records follow the records of collection *parent*."""
    return [
        c for c in COLLECTIONS.values() if isinstance(c.channel, Follows) and c.channel.collection == parent
    ]
