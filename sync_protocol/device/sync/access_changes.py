"""What a sync gave to the rep and took away, in words: territories, warehouses, whole collections."""

from collections.abc import Mapping

from sync_protocol.change import Stream
from sync_protocol.channel import EVERYONE, dimension_of
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database

_OF_NO_NAME = (EVERYONE, "rep")
"""Channels that every rep has. If one is taken away, a person misses its collections, not the channel."""


def lost(db: Database, dropped: Mapping[Stream, int]) -> dict[str, int]:
    """Return what the rep no longer has, with the number of records that were deleted.

    *dropped* are the streams that the pages of a sync dropped. Call it after the last page: a stream that
    starts again is dropped too, and comes back with later pages. If a channel has other records still, the rep
    lost collections and not the channel.
    """
    labels: dict[str, int] = {}
    for (channel, collection), count in dropped.items():
        if replica.has_rows(db, channel, collection):
            continue
        is_whole = dimension_of(channel) not in _OF_NO_NAME and not replica.has_rows(db, channel)
        label = _label(db, channel) if is_whole else collection.replace("_", " ")
        labels[label] = labels.get(label, 0) + count
    return labels


def gained(db: Database, before: frozenset[str]) -> list[str]:
    """Return what the rep has now and did not have when *before* were the channels of all records."""
    new = replica.channels(db) - before
    return [_label(db, channel) for channel in sorted(new) if dimension_of(channel) not in _OF_NO_NAME]


def _label(db: Database, channel: str) -> str:
    """Return a channel in words: `territory NW`, `warehouse W1 (Hamburg)`."""
    dimension, _, value = channel.partition(":")
    collection = {"warehouse": "warehouses", "account": "customers"}.get(dimension)
    record = replica.record(db, collection, value) if collection else None
    name = (record or {}).get("name")
    return f"{dimension} {value} ({name})" if name else f"{dimension} {value}"
