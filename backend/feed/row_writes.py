"""Row writes: the rows of the feed that a publication changes, and the state of their streams.

Separate from `changes`, which decides what is written; both run under the feed's lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import null, select, update
from sqlalchemy.orm import Session

from backend.database import bulk, round_trip
from backend.database.core import table_of
from backend.database.round_trip import Read, Rows
from backend.feed.live import FEED
from backend.feed.models import FeedStream
from sync_protocol.checksum import signed

STREAMS = table_of(FeedStream)

_KEY = ("channel", "collection", "key")
_OF_RECORD = ("body", "parent", "hash", "position")
_STREAM = ("channel", "collection")


@dataclass(frozen=True)
class RowWrite:
    """A row to write at a position; a body of None means a tombstone.

    *hash* is the row hash of the new body, *old_hash* that of the row it replaces; None if there is none.
    """

    channel: str
    collection: str
    key: str
    body: str | None
    parent: str | None
    hash: int | None
    old_hash: int | None


def write_rows(
    session: Session, writes: Sequence[RowWrite], first: int, beside: Sequence[Read], *, commits: bool
) -> None:
    """Write *writes* at the positions from *first* on, then the state of their streams, and *beside*.

    Two round trips, the second of which may commit (*commits* as of `round_trip.pipelined`).
    """
    if not writes:
        return
    dialect = bulk.dialect_of(session)
    numbered = [{**vars(write), "position": first + n} for n, write in enumerate(writes)]
    statements = [_totals_read(dialect, {write.channel for write in writes})]
    # Tombstones first: a unique index allows a live record in one channel only.
    if tombstones := [row for row in numbered if row["body"] is None]:
        parameters = {"given": bulk.rows_of(tombstones, (*_KEY, "position"))}
        statements.append(Read(_tombstones_statement(dialect), parameters))
    if puts := [row for row in numbered if row["body"] is not None]:
        upsert = bulk.bulk_upsert(dialect, FEED, _KEY, _OF_RECORD)
        statements.append(Read(upsert, {"given": bulk.rows_of(puts, (*_KEY, *_OF_RECORD))}))
    totals, *_ = round_trip.run(session, statements)
    streams = _streams_after(totals, writes, first)
    upsert = bulk.bulk_upsert(dialect, STREAMS, _STREAM, ("head", "rows", "sum"), ("floor",))
    given = bulk.rows_of(streams, (*_STREAM, "head", "rows", "sum", "floor"))
    round_trip.run(session, [*beside, Read(upsert, {"given": given})], commits=commits)


@cache
def _tombstones_statement(dialect: str) -> Any:
    rows = bulk.json_rows(dialect, [FEED.c[name] for name in (*_KEY, "position")])
    return (
        update(FEED)
        .where(*(FEED.c[name] == rows.c[name] for name in _KEY))
        .values(body=null(), parent=null(), hash=null(), position=rows.c.position)
    )


@cache
def _totals_query(dialect: str) -> Any:
    columns = STREAMS.c.channel, STREAMS.c.collection, STREAMS.c.rows, STREAMS.c.sum
    return select(*columns).where(bulk.in_json_list(dialect, STREAMS.c.channel, "channels"))


def _totals_read(dialect: str, channels: Iterable[str]) -> Read:
    """Return what reads the streams of *channels*; under the lock no other transaction changes them."""
    return Read(_totals_query(dialect), {"channels": bulk.to_json(channels)})


def _streams_after(totals: Rows, writes: Sequence[RowWrite], first: int) -> list[dict[str, Any]]:
    """Return the rows of `feed_stream` after *writes*, by what they were before."""
    sums = {(row.channel, row.collection): [0, row.rows, row.sum] for row in totals}
    for position, write in enumerate(writes, first):
        after = sums.setdefault((write.channel, write.collection), [0, 0, 0])
        after[0] = position
        after[1] += (write.hash is not None) - (write.old_hash is not None)
        after[2] += (write.hash or 0) - (write.old_hash or 0)
    return [
        {
            "channel": channel,
            "collection": collection,
            "head": head,
            "floor": 0,
            "rows": count,
            "sum": signed(total),
        }
        for (channel, collection), (head, count, total) in sums.items()
        if head
    ]
