"""Publish changes: the only way in which records enter the feed.

`publish()` is the last step of a transaction. It takes its positions first, which is also the lock, and reads
the current rows only then. If it read before, two transactions that move the same record could each leave it
live in another channel. Under the lock it uses the feed's tables only, each by its indexes, and the commit
follows.

Callers queue their changes (`publication.py`), and a hook publishes them. Only ingest calls `publish()` itself:
its transaction publishes one list of records, of which it knows the size, and ends with that call. A sweep also
takes the lock earlier, because it decides under the lock which records to delete.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.database import bulk, round_trip
from backend.feed import former, positions
from backend.feed.live import FEED, LiveRecord, Ref, live_read, read_live
from backend.feed.models import FeedRow
from backend.feed.row_writes import RowWrite, write_rows
from sync_protocol.canonical import canonical
from sync_protocol.catalogue import COLLECTIONS, followers
from sync_protocol.change import Change, Gone, Put
from sync_protocol.channel import NOWHERE, ByField, Everyone, Follows
from sync_protocol.checksum import row_hash, signed
from sync_protocol.collection import lookup_key
from sync_protocol.json_types import NewRecord
from sync_protocol.limits import LIMITS

MAX_CHANGES = LIMITS.push_changes
"""The limit per transaction: it bounds the time for which the lock is held."""


@dataclass(frozen=True)
class Prepared:
    """The new version of a record, prepared before the lock is taken.

    *body* is canonical JSON, *hash* its row hash, *rule* the collection's channel rule, *parent* the key of the
    record that it follows, or the key by which the server finds it (`Collection.found_by`).
    """

    body: str
    hash: int
    rule: Any
    parent: str | None

    @property
    def followed(self) -> Ref | None:
        """The record that it follows."""
        follows = isinstance(self.rule, Follows) and self.parent is not None
        return (self.rule.collection, str(self.parent)) if follows else None


def publish(session: Session, changes: Sequence[Change], *, commits: bool = False) -> int:
    """Write *changes* (at most 1,000, already validated) and return the feed's new head.

    An unchanged record is skipped. A record that moves to another channel leaves a tombstone in the old one,
    and its followers move with it. Of several changes to one record the last counts. *commits* as of
    `round_trip.pipelined`. Raises ValueError for more than 1,000 changes.
    """
    if len(changes) > MAX_CHANGES:
        raise ValueError(f"at most {MAX_CHANGES} changes a transaction, not {len(changes)}")
    final = {(change.collection, change.key): change for change in changes}
    # Work that does not read the feed is done before the lock is taken, because other publishers wait for it.
    after = {ref: prepare(ref, change) for ref, change in final.items() if isinstance(change, Put)}
    dialect = bulk.dialect_of(session)
    refs = {*final, *(new.followed for new in after.values() if new.followed)}
    *_, head, live = round_trip.run(
        session,
        [*round_trip.by_index(session), positions.taking(dialect, 2 * len(final)), live_read(dialect, refs)],
    )
    top = positions.taken(session, head)
    writes = list(_plan(session, final, after, live))
    if len(writes) > 2 * len(final):
        # Followers move too. The lock is held, so these positions follow directly on those taken above.
        top = positions.take(session, len(writes))
    kept = former.keeping(dialect, final, live, top)
    write_rows(session, writes, top - len(writes) + 1, kept, commits=commits)
    return top


def prepare(ref: Ref, put: Put) -> Prepared:
    """Return the new version that *put* makes of the record *ref*."""
    body = (put.text or canonical(put.record)).decode()
    rule = _rule(ref[0])
    found_by = COLLECTIONS[ref[0]].found_by
    parent = None
    if isinstance(rule, Follows):
        parent = rule.parent_key(put.record)
    elif found_by:
        parent = lookup_key([str(put.record[name]) for name in found_by])
    return Prepared(body, signed(row_hash(*ref, body)), rule, parent)


def _plan(
    session: Session,
    final: dict[Ref, Change],
    after: dict[Ref, Prepared],
    live: Mapping[Ref, LiveRecord],
) -> Iterator[RowWrite]:
    """Yield the rows to write, parents before followers, the tombstone of a move before its put.

    *live* has the current records of *final* and those that they follow.
    """
    settled: dict[Ref, str] = {}
    """The new channel of every record that this transaction has decided on; deleted ones are in `NOWHERE`."""
    for ref, change in sorted(final.items(), key=lambda item: (_depth(item[0][0]), item[0])):
        old = live.get(ref)
        if isinstance(change, Gone):
            settled[ref] = NOWHERE
            if old is not None:
                yield RowWrite(old.channel, *ref, None, None, None, old.hash)
        else:
            new = after[ref]
            channel = settled[ref] = _channel_of(change, new, live, settled)
            same_channel = old is not None and old.channel == channel
            if old is not None and not same_channel:
                yield RowWrite(old.channel, *ref, None, None, None, old.hash)
            if old is None or not same_channel or old.body != new.body:
                replaced = old.hash if old is not None and same_channel else None
                yield RowWrite(channel, *ref, new.body, new.parent, new.hash, replaced)
    was = {ref: live[ref].channel for ref in final if ref in live}
    yield from _move_followers(session, settled, {r: c for r, c in settled.items() if was.get(r, NOWHERE) != c})


def _rule(collection: str) -> Any:
    return COLLECTIONS[collection].channel


def _depth(collection: str) -> int:
    """Return 0 for a collection that follows no other, 1 for its followers, and so on."""
    rule = _rule(collection)
    return 1 + _depth(rule.collection) if isinstance(rule, Follows) else 0


def _channel_of(put: Put, new: Prepared, live: Mapping[Ref, LiveRecord], settled: Mapping[Ref, str]) -> str:
    """Return the channel to which a record belongs."""
    if not isinstance(new.rule, Follows):
        return channel_by_field(new.rule, put.record)
    parent = new.followed
    if parent is None:
        return NOWHERE
    if parent in settled:
        return settled[parent]
    return live[parent].channel if parent in live else NOWHERE


def _move_followers(session: Session, settled: dict[Ref, str], moved: dict[Ref, str]) -> Iterator[RowWrite]:
    """Yield the moves of records whose parent is in *moved*, then of their followers, and so on.

    *moved* maps each record to its new channel. *settled* holds the records that this transaction decided on
    itself.
    """
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
                    yield RowWrite(row.channel, *ref, None, None, None, row.hash)
                    yield RowWrite(target, *ref, row.body, row.parent, row.hash, None)
                    following[ref] = target
        moved = following


@cache
def _followers_query(dialect: str) -> Any:
    return select(FEED.c.key, FEED.c.channel, FEED.c.body, FEED.c.parent, FEED.c.hash).where(
        FEED.c.collection == bindparam("collection"),
        bulk.in_json_list(dialect, FEED.c.parent, "parents"),
        FEED.c.body.is_not(None),
    )


def _read_followers(session: Session, collection: str, parents: list[str]) -> Sequence[Any]:
    parameters = {"collection": collection, "parents": bulk.to_json(parents)}
    return session.connection().execute(_followers_query(bulk.dialect_of(session)), parameters).all()


def live(session: Session, collection: str, key: str, *, by_index: bool = False) -> NewRecord | None:
    """Return the live record from any channel, or None if there is none; *by_index* as of `read_live`."""
    return live_many(session, collection, [key], by_index=by_index).get(key)


def live_many(
    session: Session, collection: str, keys: Iterable[str], *, by_index: bool = False
) -> dict[str, NewRecord]:
    """Return the current records by key; keys without a live record are left out.

    *by_index* as of `read_live`.
    """
    records = read_live(session, ((collection, key) for key in keys), by_index=by_index)
    return {key: json.loads(record.body) for (_, key), record in records.items()}


def live_keys(session: Session, collection: str) -> list[str]:
    """Return the keys of all live records of *collection*, ascending."""
    keys = select(FeedRow.key).where(FeedRow.collection == collection, FeedRow.body.is_not(None))
    return list(session.scalars(keys.order_by(FeedRow.key)))


def channel_by_field(rule: Everyone | ByField, record: Mapping[str, Any]) -> str:
    """Return the channel of *record*, by the keys that *rule* reads.

    It is `NOWHERE` for a rep whose id is from before `names.rep_id`.
    """
    try:
        return str(rule.of(record))
    except ValueError:
        return NOWHERE
