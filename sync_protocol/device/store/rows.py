"""A row of the replica as it is stored: the record, its hash, and the columns by which a screen finds it."""

from collections.abc import Iterator

from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.checksum import row_hash, signed
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.page import PutRow
from sync_protocol.device.store.search_index import SEARCH_FIELDS, parent_field, search_text
from sync_protocol.segment import Segment

Row = tuple[str, str, str, int, str, int, str, str | None]
"""The columns of table `record`, in their order."""

OVERRIDE = """
INSERT INTO record (collection, key, channel, position, body, hash, search_text, parent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (collection, key) DO UPDATE SET channel = excluded.channel, position = excluded.position,
    body = excluded.body, hash = excluded.hash, search_text = excluded.search_text, parent = excluded.parent
"""
PUT = f"{OVERRIDE} WHERE excluded.position > record.position"
"""The newest position wins."""


def row_of(put: PutRow) -> Row:
    """Return the row for a record that came as JSON; raises `ContractBroken` if it cannot be stored."""
    (channel, collection), record = put.stream, put.record
    try:
        body = canonical(record).decode()
    except NotCanonical as error:
        raise ContractBroken(f"record {put.key} of {collection} cannot be stored: {error}") from None
    parent = parent_field(collection)
    return (
        collection, put.key, channel, put.position, body, signed(row_hash(collection, put.key, body)),
        search_text(record.get(name) for name in SEARCH_FIELDS), _text(record.get(parent) if parent else None),
    )  # fmt: skip


def segment_rows(segment: Segment, position: int) -> Iterator[Row]:
    """Yield the rows of *segment*, all at *position*.

    Works column by column, because building each record as a dict would take most of the time.
    """
    channel, collection = segment.stream
    nulls = [None] * len(segment.keys)
    searched = [column for name in SEARCH_FIELDS if (column := segment.values(name)) is not None]
    parents = segment.values(parent_field(collection) or "") or nulls
    # A collection of a newer server may have none of the search fields.
    texts = zip(*searched, strict=True) if searched else [()] * len(segment.keys)
    for (key, body), values, parent in zip(segment.rows, texts, parents, strict=True):
        hash = signed(row_hash(collection, key, body))
        yield collection, key, channel, position, body, hash, search_text(values), _text(parent)


def _text(parent: object) -> str | None:
    return None if parent is None else str(parent)
