"""What a record of the ERP says that the feed does not know yet."""

from collections.abc import Collection as Keys
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.feed.changes import live_many
from backend.feed.models import FeedRow
from sync_protocol.canonical import canonical
from sync_protocol.change import Change, Gone, Put
from sync_protocol.checksum import row_hash, signed
from sync_protocol.collection import Collection

Record = Mapping[str, Any]


def changes(
    session: Session, collection: Collection, good: Mapping[str, Record], gone: Keys[str]
) -> list[Change]:
    """Return what is to be published of the records *good*, by key, and of the keys that are *gone*.

    Read it under the feed's lock (`positions.take`), or what it says may be old by the time it is published.
    """
    known = live_many(session, collection.name, good)
    puts: list[Change] = [
        Put(collection.name, key, record)
        for key, record in good.items()
        if _differs(collection, record, known.get(key))
    ]
    dead = live_many(session, collection.name, [key for key in gone if key not in good])
    return [*puts, *(Gone(collection.name, key) for key in dead)]


def _differs(collection: Collection, record: Record, known: Record | None) -> bool:
    """Whether the record says anything new, apart from when it was read."""
    if known is None:
        return True
    names = {*record, *known} - {*collection.volatile}
    return any(record.get(name) != known.get(name) for name in names)


def differing(session: Session, collection: Collection, good: Mapping[str, Record]) -> list[str]:
    """Return the keys of *good* whose row hash is not the one in the feed, ascending."""
    found = session.execute(
        select(FeedRow.key, FeedRow.hash).where(
            FeedRow.collection == collection.name, FeedRow.key.in_(list(good)), FeedRow.body.is_not(None)
        )
    )
    hashes = {row.key: row.hash for row in found}
    if collection.volatile:
        # When it was read is part of the hash, so the feed's own moment is put in first.
        known = live_many(session, collection.name, good)
        good = {key: {**record, **_moments(collection, known.get(key))} for key, record in good.items()}
    return sorted(
        key
        for key, record in good.items()
        if hashes.get(key) != signed(row_hash(collection.name, key, canonical(record).decode()))
    )


def _moments(collection: Collection, known: Record | None) -> Record:
    return {name: known[name] for name in collection.volatile if name in known} if known else {}
