"""Changes: `publish()` is the only way by which records enter the feed.

It must be the last act of a transaction. It takes its positions first, which is also the lock, and only then
reads the current records: if two transactions that move one record read before that, each would leave it alive
in another channel. After the lock it uses the feed's tables only, and the commit follows.

Callers queue their changes (`publication.py`), and a hook publishes them. Only ingest calls `publish()` itself:
it takes the lock first, because it decides under the lock what is published, and its transaction does nothing
else.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.core import table_of
from backend.feed import positions
from backend.feed.live import FEED, Live, Ref, read_live
from backend.feed.models import FeedRow, FeedStream
from sync_protocol.canonical import canonical
from sync_protocol.catalogue import COLLECTIONS, followers
from sync_protocol.change import Change, Gone, Put
from sync_protocol.channel import NOWHERE, Follows
from sync_protocol.checksum import row_hash, signed

MAX_CHANGES = 1_000

STREAMS = table_of(FeedStream)


@dataclass(frozen=True)
class _Prepared:
    """A record as it will stand, made before the lock is taken."""

    body: str
    hash: int
    rule: Any
    parent: str | None


@dataclass(frozen=True)
class _Write:
    """A row to be written at a position; no body: a tombstone. *hash* is of the new body, *was* of the old."""

    channel: str
    collection: str
    key: str
    body: str | None
    parent: str | None
    hash: int | None
    was: int | None


def publish(session: Session, changes: Sequence[Change]) -> int:
    """Write *changes* (at most 1,000, already validated) and return the feed's new head.

    A record that is as it was is skipped. One whose channel changed leaves a tombstone behind and takes
    what follows it along. Of several changes to one record the last counts.
    """
    if len(changes) > MAX_CHANGES:
        raise ValueError(f"at most {MAX_CHANGES} changes a transaction, not {len(changes)}")
    final = {(change.collection, change.key): change for change in changes}
    # Whatever needs no look at the feed is done before the lock is taken: others wait behind it.
    after = {ref: _prepare(ref, change) for ref, change in final.items() if isinstance(change, Put)}
    top = positions.take(session, 2 * len(final))
    writes = list(_plan(session, final, after))
    if len(writes) > 2 * len(final):
        # Followers came along. The lock is held, so these positions are next to the ones above.
        top = positions.take(session, len(writes))
    _write(session, writes, top - len(writes) + 1)
    return top


def _prepare(ref: Ref, put: Put) -> _Prepared:
    body = canonical(put.record).decode()
    rule = _rule(ref[0])
    parent = rule.parent_key(put.record) if isinstance(rule, Follows) else None
    return _Prepared(body, signed(row_hash(*ref, body)), rule, parent)


def _plan(session: Session, final: dict[Ref, Change], after: dict[Ref, _Prepared]) -> Iterator[_Write]:
    """Yield the rows to write, parents before followers, the tombstone of a move before its put."""
    live = read_live(
        session, {*final, *((new.rule.collection, new.parent) for new in after.values() if new.parent)}
    )
    settled: dict[Ref, str] = {}
    """Channel of every record that this transaction has decided on; gone ones are nowhere."""
    for ref, change in sorted(final.items(), key=lambda item: (_depth(item[0][0]), item[0])):
        old = live.get(ref)
        if isinstance(change, Gone):
            settled[ref] = NOWHERE
            if old is not None:
                yield _Write(old.channel, *ref, None, None, None, old.hash)
        else:
            new = after[ref]
            channel = settled[ref] = _place(change, new, live, settled)
            stays = old is not None and old.channel == channel
            if old is not None and not stays:
                yield _Write(old.channel, *ref, None, None, None, old.hash)
            if old is None or not stays or old.body != new.body:
                replaced = old.hash if old is not None and stays else None
                yield _Write(channel, *ref, new.body, new.parent, new.hash, replaced)
    was = {ref: live[ref].channel for ref in final if ref in live}
    yield from _move_followers(session, settled, {r: c for r, c in settled.items() if was.get(r, NOWHERE) != c})


def _rule(collection: str) -> Any:
    return COLLECTIONS[collection].channel


def _depth(collection: str) -> int:
    """Return 0 for records that stand for themselves, 1 for their followers, and so on."""
    rule = _rule(collection)
    return 1 + _depth(rule.collection) if isinstance(rule, Follows) else 0


def _place(put: Put, new: _Prepared, live: Mapping[Ref, Live], settled: Mapping[Ref, str]) -> str:
    """Return the channel a record belongs to."""
    if not isinstance(new.rule, Follows):
        return str(new.rule.of(put.record))
    if new.parent is None:
        return NOWHERE
    parent = (new.rule.collection, new.parent)
    if parent in settled:
        return settled[parent]
    return live[parent].channel if parent in live else NOWHERE


def _move_followers(session: Session, settled: dict[Ref, str], moved: dict[Ref, str]) -> Iterator[_Write]:
    """Yield the moves of records whose parent is in *moved*, generation after generation."""
    while moved:
        following: dict[Ref, str] = {}
        for parent_collection in sorted({collection for collection, _ in moved}):
            channels = {key: channel for (c, key), channel in moved.items() if c == parent_collection}
            for child in followers(parent_collection):
                for row in _read_followers(session, child.name, list(channels)):
                    ref = (child.name, row.key)
                    target = channels[str(row.parent)]
                    if ref in settled or row.channel == target:
                        continue
                    yield _Write(row.channel, *ref, None, None, None, row.hash)
                    yield _Write(target, *ref, row.body, row.parent, row.hash, None)
                    following[ref] = target
        moved = following


@cache
def _followers(dialect: str) -> Any:
    return select(FEED.c.key, FEED.c.channel, FEED.c.body, FEED.c.parent, FEED.c.hash).where(
        FEED.c.collection == bindparam("collection"),
        bulk.in_json_list(dialect, FEED.c.parent, "parents"),
        FEED.c.body.is_not(None),
    )


def _read_followers(session: Session, collection: str, parents: list[str]) -> Sequence[Any]:
    asked = {"collection": collection, "parents": bulk.to_json(parents)}
    return session.connection().execute(_followers(bulk.dialect_of(session)), asked).all()


def _write(session: Session, writes: list[_Write], first: int) -> None:
    if not writes:
        return
    numbered = [{**vars(write), "position": first + n} for n, write in enumerate(writes)]
    # Tombstones first: the database allows a record to live in one channel only.
    tombstones = [
        {f"b_{name}": row[name] for name in ("channel", "collection", "key", "position")}
        for row in numbered
        if row["body"] is None
    ]
    if tombstones:
        session.connection().execute(
            update(FEED)
            .where(
                FEED.c.channel == bindparam("b_channel"),
                FEED.c.collection == bindparam("b_collection"),
                FEED.c.key == bindparam("b_key"),
            )
            .values(body=None, parent=None, hash=None, position=bindparam("b_position")),
            tombstones,
        )
    puts = [row for row in numbered if row["body"] is not None]
    if puts:
        _upsert(session, FEED, puts, ("channel", "collection", "key"), ("body", "parent", "hash", "position"))
    streams = _streams_after(session, writes, first)
    _upsert(session, STREAMS, streams, ("channel", "collection"), ("head", "rows", "sum"), ("floor",))


@cache
def _stream_state(dialect: str) -> Any:
    found = STREAMS.c.channel, STREAMS.c.collection, STREAMS.c.rows, STREAMS.c.sum
    return select(*found).where(bulk.in_json_list(dialect, STREAMS.c.channel, "channels"))


def _streams_after(session: Session, writes: list[_Write], first: int) -> list[dict[str, Any]]:
    """Return the stream rows that *writes* lead to; we hold the lock, so nobody adds to them meanwhile."""
    asked = {"channels": bulk.to_json({write.channel for write in writes})}
    found = session.connection().execute(_stream_state(bulk.dialect_of(session)), asked)
    sums = {(row.channel, row.collection): [0, row.rows, row.sum] for row in found}
    for position, write in enumerate(writes, first):
        after = sums.setdefault((write.channel, write.collection), [0, 0, 0])
        after[0] = position
        after[1] += (write.hash is not None) - (write.was is not None)
        after[2] += (write.hash or 0) - (write.was or 0)
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


def _upsert(
    session: Session,
    table: Table,
    written: list[Any],
    key: tuple[str, ...],
    values: tuple[str, ...],
    first: tuple[str, ...] = (),
) -> None:
    statement = bulk.bulk_upsert(bulk.dialect_of(session), table, key, values, first)
    session.connection().execute(statement, {"given": bulk.rows_of(written, (*key, *values, *first))})


def live(session: Session, collection: str, key: str) -> dict[str, Any] | None:
    """Return the record as it is now, whatever its channel, or None."""
    return live_many(session, collection, [key]).get(key)


def live_many(session: Session, collection: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the records of *keys* as they are now; keys without a live record are left out."""
    found = read_live(session, ((collection, key) for key in keys))
    return {key: json.loads(record.body) for (_, key), record in found.items()}


def live_keys(session: Session, collection: str) -> list[str]:
    """Return the keys of all live records of *collection*, ascending."""
    return list(
        session.scalars(
            select(FeedRow.key)
            .where(FeedRow.collection == collection, FeedRow.body.is_not(None))
            .order_by(FeedRow.key)
        )
    )
