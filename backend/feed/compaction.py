"""Compaction: tombstones beyond the horizon are deleted, and the floor says so in the same transaction.

A device that was away for longer may have missed them; its mark is below the floor, and it begins the
stream again. Live rows are never touched, and heads never fall. The floor stays at or below the position
of every segment that may still be fetched, because who applies one goes on from there.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.feed import position_times, positions
from backend.feed.models import FeedRow, FeedStream
from backend.feed.segments import oldest_living_position
from sync_protocol.change import Stream

BATCH = 1_000
"""Tombstones deleted while the feed's lock is held."""


@dataclass(frozen=True)
class ExpiredTombstones:
    """Tombstones of one stream at or below the horizon, and up to where they may go."""

    stream: Stream
    tombstones: int
    upto: int
    """The horizon, or the position of the oldest living segment if that is lower."""


def find_expired(session: Session, horizon: int) -> Sequence[ExpiredTombstones]:
    """Return which streams have tombstones that may go, given that all at or below *horizon* are old."""
    streams = session.execute(
        select(FeedRow.channel, FeedRow.collection)
        .where(FeedRow.body.is_(None), FeedRow.position <= horizon)
        .distinct()
        .order_by(FeedRow.channel, FeedRow.collection)
    ).all()
    found = []
    for channel, collection in streams:
        upto = _limit(session, (channel, collection), horizon)
        count = session.scalar(select(func.count()).where(*_tombstones((channel, collection), upto)))
        if count:
            found.append(ExpiredTombstones((channel, collection), count, upto))
    return found


def delete_expired(session: Session, stream: Stream, horizon: int, most: int = BATCH) -> int:
    """Delete up to *most* tombstones of *stream* at or below *horizon* and raise its floor; return how many.

    It takes the feed's lock: the floor and what is gone are one, for every snapshot.
    """
    positions.take(session, 0)
    upto = _limit(session, stream, horizon)
    doomed = session.scalars(
        select(FeedRow.position).where(*_tombstones(stream, upto)).order_by(FeedRow.position).limit(most)
    ).all()
    if not doomed:
        return 0
    session.execute(
        delete(FeedRow).where(*_tombstones(stream, doomed[-1])),
        execution_options={"synchronize_session": False},
    )
    # No higher than what is gone: a stream that lost nothing sends nobody back to its beginning.
    channel, collection = stream
    session.execute(
        update(FeedStream)
        .where(
            FeedStream.channel == channel, FeedStream.collection == collection, FeedStream.floor < doomed[-1]
        )
        .values(floor=doomed[-1]),
        execution_options={"synchronize_session": False},
    )
    return len(doomed)


def compact(
    sessions: Sessions,
    clock: Clock,
    days: int,
    *,
    most: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Delete tombstones older than *days*, batch by batch; return how many were.

    It ends early after *most* or when *stop* says so; the next call goes on.
    """
    before = clock.now() - dt.timedelta(days=days)
    with sessions() as session, session.begin():
        position_times.forget(session, before)
        horizon = position_times.position_before(session, before)
        doomed = find_expired(session, horizon)
    done = 0
    for one in doomed:
        more = True
        while more and not stop() and (most is None or done < most):
            with sessions() as session, session.begin():
                batch = delete_expired(session, one.stream, one.upto)
            done += batch
            more = batch == BATCH
    return done


def _limit(session: Session, stream: Stream, horizon: int) -> int:
    oldest = oldest_living_position(session, stream)
    return horizon if oldest is None else min(horizon, oldest)


def _tombstones(stream: Stream, upto: int) -> tuple[Any, ...]:
    channel, collection = stream
    return (
        FeedRow.channel == channel,
        FeedRow.collection == collection,
        FeedRow.body.is_(None),
        FeedRow.position <= upto,
    )
