"""What the replica amounts to: counts and sums of row hashes, of all of it, of a stream, of a key range."""

import datetime as dt
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum, hash_text, row_hash, signed
from sync_protocol.device.store import outbox, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.replica import SyncState
from sync_protocol.segment import KeyRange

REHASH_EVERY = dt.timedelta(days=1)
ROWS_AT_ONCE = 1_000
# In halves, for sums of 64-bit numbers overflow.
_SUM = "count(*), coalesce(sum(hash >> 32), 0), coalesce(sum(hash & 4294967295), 0)"
_RANGE = "FROM record WHERE channel = ? AND collection = ? AND key >= ? AND (?4 IS NULL OR key < ?4)"


def total(db: Database) -> Checksum:
    """Return the checksum of everything."""
    return _checksum(db.row(f"SELECT {_SUM} FROM record"))  # noqa: S608 - names from above


def of_streams(db: Database) -> dict[Stream, Checksum]:
    """Return the checksum of each stream of which there are rows."""
    rows = db.rows(
        f"SELECT channel, collection, {_SUM} FROM record GROUP BY channel, collection"  # noqa: S608
    )
    return {(channel, collection): _checksum(sums) for channel, collection, *sums in rows}


def of_range(db: Database, stream: Stream, range: KeyRange) -> Checksum:
    """Return the checksum of the rows of *stream* in *range*."""
    return _checksum(db.row(f"SELECT {_SUM} {_RANGE}", *stream, range.start, range.end))


def hashes_in(db: Database, stream: Stream, range: KeyRange) -> list[tuple[str, str]]:
    """Return (key, hash as it travels) of the rows of *stream* in *range*, by key."""
    rows = db.rows(f"SELECT key, hash {_RANGE} ORDER BY key", *stream, range.start, range.end)
    return [(key, hash_text(value)) for key, value in rows]


def _checksum(sums: Any) -> Checksum:
    count, high, low = sums
    return Checksum(count, ((high << 32) + low) % MODULUS)


def matches_server(db: Database) -> bool:
    """Say whether the replica is what the last complete page said, and note it durably if so."""
    with db.writing():
        held = replica.sync_state(db)
        if held.verified:
            return True
        if held.check is None or total(db) != held.check:
            return False
        db.run(
            "UPDATE held SET verified = 1, verified_at = server_time, deep_at = coalesce(deep_at, server_time)"
        )
        # Now every record is known to be the server's, those too that were kept over a new epoch.
        outbox.note_states(db, held.server_time or "")
    return True


def adopt(db: Database, asked: SyncState) -> None:
    """Take the checksum that the replica has for the one it ought to have: a verification found it equal.

    For a cursor that a 304 called complete, and no page did.
    """
    with db.writing():
        if replica.still_at(db, asked):
            own = total(db)
            db.run("UPDATE held SET check_count = ?, check_sum = ?", own.count, signed(own.sum))


def rehash_due(db: Database) -> bool:
    """Say whether it is a day, by the server's time, since the hashes were made anew from the bodies."""
    held = replica.sync_state(db)
    if held.deep_at is None or held.server_time is None:
        return False
    since = dt.datetime.fromisoformat(held.server_time) - dt.datetime.fromisoformat(held.deep_at)
    return since >= REHASH_EVERY


def rehash(db: Database) -> int:
    """Make every hash anew from the body that is stored; return how many were not those of their body.

    What a storage fault or a program has changed then shows in the checksum, and is repaired like anything
    that differs.
    """
    wrong, after = 0, ("", "")
    while True:
        with db.writing():
            rows = db.rows(
                "SELECT collection, key, body, hash FROM record WHERE (collection, key) > (?, ?)"
                " ORDER BY collection, key LIMIT ?",
                *after,
                ROWS_AT_ONCE,
            )
            mended = [
                (true, collection, key)
                for collection, key, body, hash in rows
                if (true := signed(row_hash(collection, key, body))) != hash
            ]
            db.run_many("UPDATE record SET hash = ? WHERE collection = ? AND key = ?", mended)
            if not rows:
                db.run("UPDATE held SET deep_at = server_time, verified = 0")
                return wrong
        wrong += len(mended)
        after = (rows[-1]["collection"], rows[-1]["key"])
