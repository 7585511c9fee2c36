"""The table of segments: the sets on offer, the retired ones, and the names of their files.

The files are in a store (`backend.sync.segments`).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from backend.database.core import execute_counted
from backend.feed import positions
from backend.feed.models import FeedSegment, FeedStream
from sync_protocol.change import Stream
from sync_protocol.segment import KeyRange


class SegmentInfo(NamedTuple):
    """One segment of a newly built set; its file is in the store."""

    range: KeyRange
    sha256: str
    bytes: int
    rows: int


class SetSummary(NamedTuple):
    """Totals of the set that a stream has on offer."""

    position: int
    segments: int
    rows: int
    bytes: int


def on_offer(session: Session, streams: Iterable[Stream]) -> dict[Stream, list[FeedSegment]]:
    """Return the set on offer of each of *streams* that has one, ascending by key."""
    requested = set(streams)
    if not requested:
        return {}
    rows = session.scalars(
        select(FeedSegment)
        .where(FeedSegment.channel.in_({channel for channel, _ in requested}), FeedSegment.retired_at.is_(None))
        .order_by(FeedSegment.channel, FeedSegment.collection, FeedSegment.key_from)
    )
    sets: dict[Stream, list[FeedSegment]] = {}
    for row in rows:
        if (row.channel, row.collection) in requested:
            sets.setdefault((row.channel, row.collection), []).append(row)
    return sets


def by_name(session: Session, sha256: str) -> Sequence[FeedSegment]:
    """Return every segment, on offer or retired, whose file has this name."""
    return session.scalars(select(FeedSegment).where(FeedSegment.sha256 == sha256)).all()


def set_summaries(session: Session) -> dict[Stream, SetSummary]:
    """Return the totals of the set on offer, for every stream that has one."""
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


def oldest_served_position(session: Session, stream: Stream) -> int | None:
    """Return the position of the oldest set of *stream* that is on offer or retired; None without one.

    A device that applies that set needs every tombstone above it, so the stream's floor must not exceed it.
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
    """Offer *segments*, built from the snapshot at *position*, and retire the previous set of *stream*.

    Return False, and change nothing, if tombstones above *position* were deleted during the build: a device
    that applied such a set would keep the records that those tombstones delete. This takes the feed's lock,
    which compaction also holds while it raises the floor.
    """
    channel, collection = stream
    positions.take(session, 0)
    row = session.get(FeedStream, stream, populate_existing=True)
    if row is not None and position < row.floor:
        return False
    retire(session, stream, now)
    # A set of the same position holds the same rows, whatever its boundaries: it was built twice.
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
                "key_from": segment.range.start,
                "key_to": segment.range.end,
                "sha256": segment.sha256,
                "bytes": segment.bytes,
                "rows": segment.rows,
                "built_at": now,
                "retired_at": None,
            }
            for segment in segments
        ],
    )
    return True


def withdraw(session: Session, sha256: str, now: dt.datetime) -> None:
    """Retire every set on offer that has a segment of this name, because its file is missing or damaged."""
    for stream in {(row.channel, row.collection) for row in by_name(session, sha256) if row.retired_at is None}:
        retire(session, stream, now)


def delete_retired(session: Session, before: dt.datetime) -> int:
    """Delete the segments retired before *before*; return how many. Their files are left to the sweep."""
    return execute_counted(session, delete(FeedSegment).where(FeedSegment.retired_at < before))


def all_names(session: Session) -> set[str]:
    """Return the names of the files of all segments, on offer or retired."""
    return set(session.scalars(select(FeedSegment.sha256).distinct()))


def offered_files(session: Session) -> dict[str, int]:
    """Return the names of the files on offer, with their sizes in bytes."""
    rows = session.execute(
        select(FeedSegment.sha256, FeedSegment.bytes).where(FeedSegment.retired_at.is_(None)).distinct()
    )
    return {row.sha256: row.bytes for row in rows}


def retire(session: Session, stream: Stream, now: dt.datetime) -> None:
    """Retire the set of *stream*: devices that were offered it may still fetch its files."""
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
    """Delete the sets above *head*, and those with a file that is not in *stored*; return them.

    This is for a restore: the rows come from the backup, the files from the time after it. *stored* is None if
    the files are unknown. The result is a sorted list of (stream, position).
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
