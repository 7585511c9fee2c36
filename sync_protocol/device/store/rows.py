"""A row of the replica as it is stored: the record, its hash, and what a screen finds it by."""

from collections.abc import Iterator

from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.checksum import row_hash, signed
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.page import PutRow
from sync_protocol.device.store.search_index import SEARCHED, parent_field, words
from sync_protocol.segment import Segment

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
    (channel, collection), record = put.stream, put.record
    try:
        body = canonical(record).decode()
    except NotCanonical as error:
        raise ContractBroken(f"record {put.key} of {collection} cannot be stored: {error}") from None
    belongs = parent_field(collection)
    return (
        collection, put.key, channel, put.position, body, signed(row_hash(collection, put.key, body)),
        words(record.get(name) for name in SEARCHED), _text(record.get(belongs) if belongs else None),
    )  # fmt: skip


def stored_segment(segment: Segment, position: int) -> Iterator[Row]:
    """Yield the rows of *segment*, which stands at *position*; never makes a record of its columns."""
    channel, collection = segment.stream
    nothing = [None] * len(segment.keys)
    searched = [found for name in SEARCHED if (found := segment.values(name)) is not None]
    parents = segment.values(parent_field(collection) or "") or nothing
    # A collection of a newer server may have none of the fields that are searched.
    texts = zip(*searched, strict=True) if searched else [()] * len(segment.keys)
    for (key, body), values, parent in zip(segment.rows, texts, parents, strict=True):
        hash = signed(row_hash(collection, key, body))
        yield collection, key, channel, position, body, hash, words(values), _text(parent)


def _text(parent: object) -> str | None:
    return None if parent is None else str(parent)
