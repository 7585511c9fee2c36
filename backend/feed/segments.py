"""Which segments there are: the sets on offer, and what a name stands for. The files are elsewhere."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from backend.feed import positions
from backend.feed.models import FeedSegment, FeedStream
from sync_protocol.change import Stream
from sync_protocol.segment import KeyRange


class SegmentInfo(NamedTuple):
    """One segment of a set that has been built; its file is in the store."""

    range: KeyRange
    sha256: str
    bytes: int
    rows: int


class SetSummary(NamedTuple):
    """The set on offer of a stream, summed up."""

    position: int
    segments: int
    rows: int
    bytes: int


def on_offer(session: Session, streams: Iterable[Stream]) -> dict[Stream, list[FeedSegment]]:
    """Return, of each of *streams* that has one, the set on offer, ascending by key."""
    wanted = set(streams)
    if not wanted:
        return {}
    rows = session.scalars(
        select(FeedSegment)
        .where(FeedSegment.channel.in_({channel for channel, _ in wanted}), FeedSegment.retired_at.is_(None))
        .order_by(FeedSegment.channel, FeedSegment.collection, FeedSegment.key_from)
    )
    found: dict[Stream, list[FeedSegment]] = {}
    for row in rows:
        if (row.channel, row.collection) in wanted:
            found.setdefault((row.channel, row.collection), []).append(row)
    return found


def by_name(session: Session, sha256: str) -> Sequence[FeedSegment]:
    """Return every segment, on offer or retired, whose bytes have this name."""
    return session.scalars(select(FeedSegment).where(FeedSegment.sha256 == sha256)).all()


def set_summaries(session: Session) -> dict[Stream, SetSummary]:
    """Return the set on offer of every stream that has one, summed up."""
    rows = session.execute(
        select(
            FeedSegment.channel,
            FeedSegment.collection,
            func.max(FeedSegment.position),
            func.count(),
            func.sum(FeedSegment.rows),
            func.sum(FeedSegment.bytes),
        )
        .where(FeedSegment.retired_at.is_(None))
        .group_by(FeedSegment.channel, FeedSegment.collection)
    )
    return {(row[0], row[1]): SetSummary(int(row[2]), int(row[3]), int(row[4]), int(row[5])) for row in rows}


def retired_sets(session: Session) -> dict[Stream, int]:
    """Return how many retired sets of each stream are still served."""
    rows = session.execute(
        select(FeedSegment.channel, FeedSegment.collection, func.count(FeedSegment.position.distinct()))
        .where(FeedSegment.retired_at.is_not(None))
        .group_by(FeedSegment.channel, FeedSegment.collection)
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def oldest_living_position(session: Session, stream: Stream) -> int | None:
    """Return the position of the oldest set of *stream* that is on offer or still served; None without one.

    Whoever applies that set needs every tombstone above it: the stream's floor must not pass it.
    """
    channel, collection = stream
    return session.scalar(
        select(func.min(FeedSegment.position)).where(
            FeedSegment.channel == channel, FeedSegment.collection == collection
        )
    )


def replace(
    session: Session, stream: Stream, position: int, segments: Sequence[SegmentInfo], now: dt.datetime
) -> bool:
    """Offer *sheets*, which were built from the snapshot at *position*, and retire the set before.

    Return whether they are offered. A set that took so long to build that tombstones above it have been
    collected is not: whoever applied it would keep what they deleted. It takes the feed's lock, under which
    the floor is raised.
    """
    channel, collection = stream
    positions.take(session, 0)
    standing = session.get(FeedStream, stream, populate_existing=True)
    if standing is not None and position < standing.floor:
        return False
    retire(session, stream, now)
    # The same snapshot built once more: it holds the same rows, whatever its boundaries were.
    session.execute(
        delete(FeedSegment).where(
            FeedSegment.channel == channel,
            FeedSegment.collection == collection,
            FeedSegment.position == position,
        ),
        execution_options={"synchronize_session": False},
    )
    session.execute(
        insert(FeedSegment),
        [
            {
                "channel": channel,
                "collection": collection,
                "position": position,
                "key_from": sheet.range.start,
                "key_to": sheet.range.end,
                "sha256": sheet.sha256,
                "bytes": sheet.bytes,
                "rows": sheet.rows,
                "built_at": now,
                "retired_at": None,
            }
            for sheet in segments
        ],
    )
    return True


def withdraw(session: Session, sha256: str, now: dt.datetime) -> None:
    """Retire every set on offer that has a segment of this name: its file is gone."""
    for stream in {(row.channel, row.collection) for row in by_name(session, sha256) if row.retired_at is None}:
        retire(session, stream, now)


def forget(session: Session, before: dt.datetime) -> int:
    """Forget the segments retired before that moment and return how many; nobody names their files any more."""
    gone = session.execute(
        delete(FeedSegment).where(FeedSegment.retired_at < before),
        execution_options={"synchronize_session": False},
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def all_names(session: Session) -> set[str]:
    """Return the names of all segments, on offer or retired."""
    return set(session.scalars(select(FeedSegment.sha256).distinct()))


def offered_files(session: Session) -> dict[str, int]:
    """Return the names of the files on offer, with their sizes in bytes."""
    rows = session.execute(
        select(FeedSegment.sha256, FeedSegment.bytes).where(FeedSegment.retired_at.is_(None)).distinct()
    )
    return {row.sha256: row.bytes for row in rows}


def retire(session: Session, stream: Stream, now: dt.datetime) -> None:
    """Offer the set of *stream* no longer; its files stay for those to whom it was offered."""
    channel, collection = stream
    session.execute(
        update(FeedSegment)
        .where(
            FeedSegment.channel == channel,
            FeedSegment.collection == collection,
            FeedSegment.retired_at.is_(None),
        )
        .values(retired_at=now),
        execution_options={"synchronize_session": False},
    )


def withdraw_foreign(session: Session, head: int, stored: set[str] | None) -> list[tuple[Stream, int]]:
    """Forget the sets above *head*, and those of which a file is not among *stored*; return which they were.

    None: it is not known which files there are. For after a restore: the rows are of the backup, the files
    of what came after it.
    """
    rows = session.execute(
        select(FeedSegment.channel, FeedSegment.collection, FeedSegment.position, FeedSegment.sha256)
    ).all()
    foreign = sorted(
        {
            ((row.channel, row.collection), row.position)
            for row in rows
            if row.position > head or (stored is not None and row.sha256 not in stored)
        }
    )
    for (channel, collection), position in foreign:
        session.execute(
            delete(FeedSegment).where(
                FeedSegment.channel == channel,
                FeedSegment.collection == collection,
                FeedSegment.position == position,
            ),
            execution_options={"synchronize_session": False},
        )
    return foreign
