"""A row of the replica as it is stored: the record, its hash, and what a screen finds it by."""

from collections.abc import Mapping
from typing import Any

from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.checksum import row_hash, signed
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.indexed import parent, words
from sync_protocol.device.page import PutRow

Row = tuple[str, str, str, int, str, int, str, str | None]
"""The columns of `record`, in their order."""

OVERRIDE = """
INSERT INTO record (collection, key, channel, position, body, hash, words, parent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (collection, key) DO UPDATE SET channel = excluded.channel, position = excluded.position,
    body = excluded.body, hash = excluded.hash, words = excluded.words, parent = excluded.parent
"""
PUT = f"{OVERRIDE} WHERE excluded.position > record.position"
"""The newest position wins."""


def stored(put: PutRow) -> Row:
    """Return the row of a record that came as JSON; raises `ContractBroken` for what cannot be stored."""
    try:
        body = canonical(put.record).decode()
    except NotCanonical as error:
        raise ContractBroken(f"record {put.key} of {put.stream[1]} cannot be stored: {error}") from None
    return row(put.stream[0], put.stream[1], put.key, put.position, body, put.record)


def row(channel: str, collection: str, key: str, position: int, body: str, record: Mapping[str, Any]) -> Row:
    """Return the row of *record*, whose canonical JSON is *body*."""
    return (
        collection, key, channel, position, body, signed(row_hash(collection, key, body)), words(record),
        parent(collection, record),
    )  # fmt: skip
