"""The difference between records of the ERP and the feed."""

from collections.abc import Collection as Keys
from collections.abc import Mapping

from sqlalchemy.orm import Session

from backend.feed.changes import live_many
from backend.feed.live import read_live
from sync_protocol.canonical import canonical
from sync_protocol.change import Change, Gone, Put
from sync_protocol.checksum import row_hash, signed
from sync_protocol.collection import Collection
from sync_protocol.json_types import Record


def changes(
    session: Session, collection: Collection, good: Mapping[str, Record], gone: Keys[str]
) -> list[Change]:
    """Return the changes to publish for the records *good*, by key, and the deleted keys *gone*.

    Call it after `watermarks.advance`, in the same transaction. Every reading of a collection locks the
    watermark's row there, so no other reading publishes records of this collection before the commit. This
    is why it needs no lock on the feed, and a page without changes takes none. A sweep can delete a record
    meanwhile; `publish` reads the current rows again under its own lock.
    """
    # The first import fills empty tables: a plan that was made for these would read the whole feed for a page.
    live = live_many(session, collection.name, {*good, *gone}, by_index=True)
    puts: list[Change] = [
        Put(collection.name, key, record)
        for key, record in good.items()
        if _differs(collection, record, live.get(key))
    ]
    return [*puts, *(Gone(collection.name, key) for key in gone if key in live and key not in good)]


def _differs(collection: Collection, record: Record, live: Record | None) -> bool:
    """Say whether *record* differs from the *live* one in a field that is not volatile."""
    if live is None:
        return True
    names = {*record, *live} - {*collection.volatile}
    return any(record.get(name) != live.get(name) for name in names)


def differing(session: Session, collection: Collection, good: Mapping[str, Record]) -> list[str]:
    """Return the keys of *good* whose row hash is not the one in the feed, ascending."""
    live = read_live(session, ((collection.name, key) for key in good), by_index=True)
    hashes = {key: record.hash for (_, key), record in live.items()}
    if collection.volatile:
        # Volatile fields (when it was read) are part of the hash, so take the feed's own values first.
        records = {key: record.record for (_, key), record in live.items()}
        good = {
            key: {**record, **_volatile_values(collection, records.get(key))} for key, record in good.items()
        }
    return sorted(
        key
        for key, record in good.items()
        if hashes.get(key) != signed(row_hash(collection.name, key, canonical(record).decode()))
    )


def _volatile_values(collection: Collection, live: Record | None) -> Record:
    return {name: live[name] for name in collection.volatile if name in live} if live else {}
