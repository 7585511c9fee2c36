"""Compaction: delete tombstones older than the horizon, and raise the floor in the same transaction.

A device that was away for longer may have missed them: its mark is below the floor, and it starts the stream
again. Live rows are never changed, and heads never fall. The floor stays at or below the position of every
segment that may still be fetched, because a device that applies a segment continues from that position.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.feed import former, position_times, positions
from backend.feed.models import FeedRow, FeedStream
from backend.feed.segments import oldest_served_position
from sync_protocol.change import Stream

BATCH_SIZE = 1_000
"""The number of tombstones deleted in one transaction, which holds the feed's lock."""


@dataclass(frozen=True)
class ExpiredTombstones:
    """The tombstones of one stream that may be deleted."""

    stream: Stream
    tombstones: int
    up_to: int
    """The horizon, or the position of the oldest segment that may be fetched if that is lower."""


def find_expired(session: Session, horizon: int) -> Sequence[ExpiredTombstones]:
    """Return the streams with tombstones that may be deleted; *horizon* is the newest position that is old."""
    streams = session.execute(
        select(FeedRow.channel, FeedRow.collection)
        .where(FeedRow.body.is_(None), FeedRow.position <= horizon)
        .distinct()
        .order_by(FeedRow.channel, FeedRow.collection)
    ).all()
    expired = []
    for channel, collection in streams:
        up_to = _limit(session, (channel, collection), horizon)
        count = session.scalar(select(func.count()).where(*_tombstones((channel, collection), up_to)))
        if count:
            expired.append(ExpiredTombstones((channel, collection), count, up_to))
    return expired


def delete_expired(session: Session, stream: Stream, horizon: int, limit: int = BATCH_SIZE) -> int:
    """Delete up to *limit* tombstones of *stream* at or below *horizon* and raise its floor; return how many.

    It takes the feed's lock: every snapshot sees the deletion and the new floor together.
    """
    positions.take(session, 0)
    up_to = _limit(session, stream, horizon)
    old_positions = session.scalars(
        select(FeedRow.position).where(*_tombstones(stream, up_to)).order_by(FeedRow.position).limit(limit)
    ).all()
    if not old_positions:
        return 0
    floor = old_positions[-1]
    session.execute(
        delete(FeedRow).where(*_tombstones(stream, floor)),
        execution_options={"synchronize_session": False},
    )
    # Not higher than the last deleted tombstone: a stream without deletions must not make devices start again.
    channel, collection = stream
    session.execute(
        update(FeedStream)
        .where(FeedStream.channel == channel, FeedStream.collection == collection, FeedStream.floor < floor)
        .values(floor=floor),
        execution_options={"synchronize_session": False},
    )
    return len(old_positions)


def compact(
    sessions: Sessions,
    clock: Clock,
    days: int,
    *,
    limit: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Delete tombstones older than *days*, batch by batch; return how many were.

    It ends early after *limit* tombstones, or when *stop* returns True; the next call continues.
    """
    before = clock.now() - dt.timedelta(days=days)
    with sessions() as session, session.begin():
        position_times.delete_redundant(session, before)
        horizon = position_times.position_before(session, before)
        former.delete_expired(session, horizon)
        streams = find_expired(session, horizon)
    deleted = 0
    for expired in streams:
        more = True
        while more and not stop() and (limit is None or deleted < limit):
            with sessions() as session, session.begin():
                batch = delete_expired(session, expired.stream, expired.up_to)
            deleted += batch
            more = batch == BATCH_SIZE
    return deleted


def _limit(session: Session, stream: Stream, horizon: int) -> int:
    oldest = oldest_served_position(session, stream)
    return horizon if oldest is None else min(horizon, oldest)


def _tombstones(stream: Stream, up_to: int) -> tuple[Any, ...]:
    channel, collection = stream
    return (
        FeedRow.channel == channel,
        FeedRow.collection == collection,
        FeedRow.body.is_(None),
        FeedRow.position <= up_to,
    )
