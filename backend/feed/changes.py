"""Publishing: the one door through which records enter the feed.

`publish()` is a transaction's last act. It takes its positions first, which is also the lock, and only
then reads what is there: reading before would let two movers of one record each leave it alive
somewhere else. After the lock it touches the feed's tables only, and the commit follows.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.db import is_postgresql
from backend.feed import positions
from backend.feed.models import FeedRow, FeedStream
from sync_protocol.canonical import canonical
from sync_protocol.catalogue import COLLECTIONS, followers
from sync_protocol.change import Change, Gone, Put
from sync_protocol.channel import NOWHERE, Follows
from sync_protocol.checksum import row_hash, signed

MOST_CHANGES = 1_000
_CHUNK = 500

Ref = tuple[str, str]
"""(collection, key)"""


@dataclass(frozen=True)
class _Live:
    """A record as it stands: where, with what body, behind which parent."""

    channel: str
    body: str
    parent: str | None
    hash: int


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
    if len(changes) > MOST_CHANGES:
        raise ValueError(f"at most {MOST_CHANGES} changes a transaction, not {len(changes)}")
    final = {(change.collection, change.key): change for change in changes}
    top = positions.take(session, 2 * len(final))
    writes = list(_plan(session, final))
    if len(writes) > 2 * len(final):
        # Followers came along. The lock is held, so these positions are next to the ones above.
        top = positions.take(session, len(writes))
    _write(session, writes, top - len(writes) + 1)
    return top


def _plan(session: Session, final: dict[Ref, Change]) -> Iterator[_Write]:
    """Yield the rows to write, parents before followers, the tombstone of a move before its put."""
    live = _read_live(session, final)
    parents = _read_live(session, _parents(final))
    settled: dict[Ref, str] = {}
    """Channel of every record that this transaction has decided on; gone ones are nowhere."""
    for ref, change in sorted(final.items(), key=lambda item: (_generation(item[0][0]), item[0])):
        old = live.get(ref)
        if isinstance(change, Gone):
            settled[ref] = NOWHERE
            if old is not None:
                yield _Write(old.channel, *ref, None, None, None, old.hash)
        else:
            body = canonical(change.record).decode()
            channel, parent = _place(change, parents, settled)
            settled[ref] = channel
            stays = old is not None and old.channel == channel
            if old is not None and not stays:
                yield _Write(old.channel, *ref, None, None, None, old.hash)
            if old is None or not stays or old.body != body:
                replaced = old.hash if old is not None and stays else None
                yield _Write(channel, *ref, body, parent, signed(row_hash(*ref, body)), replaced)
    was = {ref: old.channel for ref, old in live.items()}
    yield from _take_along(session, settled, {r: c for r, c in settled.items() if was.get(r, NOWHERE) != c})


def _rule(collection: str) -> Any:
    return COLLECTIONS[collection].channel


def _generation(collection: str) -> int:
    """Return 0 for records that stand for themselves, 1 for their followers, and so on."""
    rule = _rule(collection)
    return 1 + _generation(rule.collection) if isinstance(rule, Follows) else 0


def _parents(final: dict[Ref, Change]) -> list[Ref]:
    found = []
    for (collection, _), change in final.items():
        rule = _rule(collection)
        if isinstance(change, Put) and isinstance(rule, Follows):
            key = rule.parent_key(change.record)
            if key:
                found.append((rule.collection, key))
    return found


def _place(put: Put, parents: dict[Ref, _Live], settled: dict[Ref, str]) -> tuple[str, str | None]:
    """Return the channel a record belongs to, and the key of the parent it follows."""
    rule = _rule(put.collection)
    if not isinstance(rule, Follows):
        return rule.of(put.record), None
    key = rule.parent_key(put.record)
    if key is None:
        return NOWHERE, None
    ref = (rule.collection, key)
    if ref in settled:
        return settled[ref], key
    return (parents[ref].channel if ref in parents else NOWHERE), key


def _take_along(session: Session, settled: dict[Ref, str], moved: dict[Ref, str]) -> Iterator[_Write]:
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


def _read_live(session: Session, refs: Iterable[Ref]) -> dict[Ref, _Live]:
    wanted: dict[str, list[str]] = {}
    for collection, key in refs:
        wanted.setdefault(collection, []).append(key)
    found: dict[Ref, _Live] = {}
    for collection, keys in wanted.items():
        for chunk in _chunks(sorted(set(keys))):
            rows = session.execute(
                select(FeedRow.key, FeedRow.channel, FeedRow.body, FeedRow.parent, FeedRow.hash).where(
                    FeedRow.collection == collection, FeedRow.key.in_(chunk), FeedRow.body.is_not(None)
                )
            )
            found.update(
                {(collection, r.key): _Live(r.channel, str(r.body), r.parent, r.hash or 0) for r in rows}
            )
    return found


def _read_followers(session: Session, collection: str, parents: list[str]) -> Iterator[Any]:
    for chunk in _chunks(sorted(parents)):
        yield from session.execute(
            select(FeedRow.key, FeedRow.channel, FeedRow.body, FeedRow.parent, FeedRow.hash).where(
                FeedRow.collection == collection, FeedRow.parent.in_(chunk), FeedRow.body.is_not(None)
            )
        ).all()


def _chunks(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _write(session: Session, writes: list[_Write], first: int) -> None:
    if not writes:
        return
    rows = [{**vars(write), "position": first + n} for n, write in enumerate(writes)]
    # Tombstones first: the database allows a record to live in one channel only.
    tombstones = [
        {f"b_{name}": row[name] for name in ("channel", "collection", "key", "position")}
        for row in rows
        if row["body"] is None
    ]
    if tombstones:
        session.connection().execute(
            update(FeedRow.__table__)  # type: ignore[arg-type]
            .where(
                FeedRow.channel == bindparam("b_channel"),
                FeedRow.collection == bindparam("b_collection"),
                FeedRow.key == bindparam("b_key"),
            )
            .values(body=None, parent=None, hash=None, position=bindparam("b_position")),
            tombstones,
        )
    key, values = ["channel", "collection", "key"], ["body", "parent", "hash", "position"]
    puts = [{name: row[name] for name in (*key, *values)} for row in rows if row["body"] is not None]
    if puts:
        _upsert(session, FeedRow.__table__, puts, key, values)
    _upsert(
        session,
        FeedStream.__table__,
        _streams_after(session, writes, first),
        ["channel", "collection"],
        ["head", "rows", "sum"],
    )


def _streams_after(session: Session, writes: list[_Write], first: int) -> list[dict[str, Any]]:
    """Return the stream rows that *writes* lead to; we hold the lock, so nobody adds to them meanwhile."""
    touched = sorted({(write.channel, write.collection) for write in writes})
    found = session.execute(
        select(FeedStream.channel, FeedStream.collection, FeedStream.rows, FeedStream.sum).where(
            FeedStream.channel.in_({channel for channel, _ in touched})
        )
    )
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
            "rows": rows,
            "sum": signed(total),
        }
        for (channel, collection), (head, rows, total) in sums.items()
        if head
    ]


def _upsert(session: Session, table: Any, rows: list[Any], key: list[str], values: list[str]) -> None:
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    statement: Any = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=key, set_={name: statement.excluded[name] for name in values}
    )
    session.connection().execute(statement, rows)


def live(session: Session, collection: str, key: str) -> dict[str, Any] | None:
    """Return the record as it is now, whatever its channel, or None."""
    return live_many(session, collection, [key]).get(key)


def live_many(session: Session, collection: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the records of *keys* as they are now; keys without a live record are left out."""
    found = _read_live(session, ((collection, key) for key in keys))
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
