"""Checksums of the replica: count and sum of row hashes, of all rows, of a stream, of a key range."""

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
# The sum of 64-bit numbers overflows in SQL, so the two halves are summed separately.
_SUM = "count(*), coalesce(sum(hash >> 32), 0), coalesce(sum(hash & 4294967295), 0)"
_ALL = "FROM record"
_RANGE = "FROM record WHERE channel = ? AND collection = ? AND key >= ? AND (?4 IS NULL OR key < ?4)"


def total(db: Database) -> Checksum:
    """Return the checksum of all rows."""
    return _checksum(db.row(f"SELECT {_SUM} {_ALL}"))


def of_streams(db: Database) -> dict[Stream, Checksum]:
    """Return the checksum of each stream that has rows."""
    rows = db.rows(f"SELECT channel, collection, {_SUM} {_ALL} GROUP BY channel, collection")
    return {(channel, collection): _checksum(sums) for channel, collection, *sums in rows}


def of_range(db: Database, stream: Stream, range: KeyRange) -> Checksum:
    """Return the checksum of the rows of *stream* in *range*."""
    return _checksum(db.row(f"SELECT {_SUM} {_RANGE}", *stream, range.start, range.end))


def row_hashes(db: Database, stream: Stream, range: KeyRange) -> list[tuple[str, str]]:
    """Return (key, hash as 16 hexadecimal digits) of the rows of *stream* in *range*, by key."""
    rows = db.rows(f"SELECT key, hash {_RANGE} ORDER BY key", *stream, range.start, range.end)
    return [(key, hash_text(value)) for key, value in rows]


def _checksum(sums: Any) -> Checksum:
    count, high, low = sums
    return Checksum(count, ((high << 32) + low) % MODULUS)


def matches_server(db: Database) -> bool:
    """Say whether the replica equals the checksum of the last complete page, and store it durably if so."""
    with db.writing():
        state = replica.sync_state(db)
        if state.verified:
            return True
        if state.check is None or total(db) != state.check:
            return False
        db.run(
            "UPDATE sync_state SET verified = 1, verified_at = server_time,"
            " rehashed_at = coalesce(rehashed_at, server_time)"
        )
        # Now every record is confirmed by the server, including those kept over a new epoch.
        outbox.update_states(db, state.server_time or "")
    return True


def adopt(db: Database, expected: SyncState) -> None:
    """Store the replica's own checksum as the server's: a verification has found them equal.

    This is for a cursor that a 304 called complete: no page has brought a checksum for it.
    """
    with db.writing():
        if replica.still_at(db, expected):
            own = total(db)
            db.run("UPDATE sync_state SET check_count = ?, check_sum = ?", own.count, signed(own.sum))


def rehash_due(db: Database) -> bool:
    """Say whether the last `rehash` is a day ago, by the server's time."""
    state = replica.sync_state(db)
    if state.rehashed_at is None or state.server_time is None:
        return False
    since = dt.datetime.fromisoformat(state.server_time) - dt.datetime.fromisoformat(state.rehashed_at)
    return since >= REHASH_EVERY


def rehash(db: Database) -> int:
    """Compute every hash again from the stored body; return how many stored hashes were wrong.

    A body that a storage fault or another program has changed then shows in the checksum, and is repaired like
    any other difference.
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
            corrected = [
                (true, collection, key)
                for collection, key, body, hash in rows
                if (true := signed(row_hash(collection, key, body))) != hash
            ]
            db.run_many("UPDATE record SET hash = ? WHERE collection = ? AND key = ?", corrected)
            if not rows:
                db.run("UPDATE sync_state SET rehashed_at = server_time, verified = 0")
                return wrong
        wrong += len(corrected)
        after = (rows[-1]["collection"], rows[-1]["key"])


def local_mismatch(db: Database) -> str | None:
    """Rehash, compare with the last known checksum, and return a sentence if the next sync has to repair.

    Needs no network. None means that the replica equals the checksum of the last complete page.
    """
    wrong, state = rehash(db), replica.sync_state(db)
    if wrong:
        return f"records altered on this device: {wrong:,}; the next sync repairs them"
    if state.check is not None and total(db) != state.check:
        return "the records differ from the server's checksum; the next sync repairs them"
    return None
