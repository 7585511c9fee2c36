"""Reading the feed: streams by index range, and what a rep may cite."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Integer, Row, Select, bindparam, func, select, true
from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.core import is_postgresql
from backend.feed.live import FEED, Ref, read_live, refs_text
from backend.feed.models import FeedRow, FeedStream
from sync_protocol.change import Stream
from sync_protocol.channel import NOWHERE
from sync_protocol.checksum import MODULUS, Checksum


@dataclass(frozen=True)
class StreamState:
    """Where a stream stands: its newest position, the one below which tombstones are gone, its live rows."""

    head: int
    floor: int
    checksum: Checksum


STATE_COLUMNS: tuple[Any, ...] = (FeedStream.channel, FeedStream.collection, FeedStream.head, FeedStream.floor)
"""Columns: a stream, its newest position, and the one below which tombstones are gone."""
CHECKSUM_COLUMNS: tuple[Any, ...] = (FeedStream.rows, FeedStream.sum)
"""Columns: its checksum."""


def stream_states(session: Session, channels: Sequence[str]) -> dict[Stream, StreamState]:
    """Return where every stream in *channels* stands that ever held a record."""
    return _stream_states(session, FeedStream.channel.in_(channels))


def all_stream_states(session: Session) -> dict[Stream, StreamState]:
    """Return where every stream stands that somebody may hear."""
    return _stream_states(session, FeedStream.channel != NOWHERE)


def _stream_states(session: Session, which: ColumnElement[bool]) -> dict[Stream, StreamState]:
    found = session.connection().execute(select(*STATE_COLUMNS, *CHECKSUM_COLUMNS).where(which))
    return {
        (row.channel, row.collection): StreamState(row.head, row.floor, Checksum(row.rows, row.sum % MODULUS))
        for row in found
    }


def rows_after(
    session: Session, marks: Sequence[tuple[Stream, int]], limit: int
) -> Sequence[Row[int, int, str, str | None]]:
    """Return up to *limit* rows of the streams in *marks*, one stream after the other, each above its position.

    Each is (n, position, key, body): the number of its stream among *marks*; no body for a tombstone. Within a
    stream they ascend. Fewer than *limit* are all there are.
    """
    asked = [
        {"n": n, "channel": channel, "collection": collection, "position": position}
        for n, ((channel, collection), position) in enumerate(marks)
    ]
    connection = session.connection()
    if is_postgresql(session):
        return connection.execute(_CHANGED, {"given": bulk.to_json(asked), "most": limit}).all()
    read: list[Row[int, int, str, str | None]] = []
    for one in asked:
        if len(read) < limit:
            read += connection.execute(_CHANGED_IN_ONE, {**one, "most": limit - len(read)})
    return read


def _above(n: Any, channel: Any, collection: Any, position: Any) -> Select[Any]:
    """Select the rows of one stream by its index, up to `most`."""
    # PostgreSQL does not see how many those are. If it did, it would often think that the stream has fewer, and
    # read all of it to sort it.
    most = select(bindparam("most", type_=Integer)).scalar_subquery()
    return (
        select(n.label("n"), FEED.c.position, FEED.c.key, FEED.c.body)
        .where(FEED.c.channel == channel, FEED.c.collection == collection, FEED.c.position > position)
        .order_by(FEED.c.position)
        .limit(most)
    )


def _changed() -> Select[Any]:
    """Select from all streams in one statement, which SQLite cannot.

    Each is read by its index, and only if those before it left room: they are in order before they are joined.
    """
    streams = bulk.json_rows(
        bulk.POSTGRESQL, (Column("n", Integer), FEED.c.channel, FEED.c.collection, FEED.c.position)
    )
    asked = select(streams).order_by(streams.c.n).subquery("asked")
    each = _above(asked.c.n, asked.c.channel, asked.c.collection, asked.c.position).lateral("each")
    return (
        select(each)
        .select_from(asked.join(each, true()))
        .order_by(asked.c.n, each.c.position)
        .limit(bindparam("most", type_=Integer))
    )


_CHANGED = _changed()
_CHANGED_IN_ONE = _above(*(bindparam(name) for name in ("n", "channel", "collection", "position")))


def rows_by_key(session: Session, stream: Stream, after: str | None, limit: int) -> Sequence[Any]:
    """Return up to *limit* live rows (key, body) of *stream* with keys above *after* (None: all), ascending."""
    channel, collection = stream
    live = (FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.body.is_not(None))
    above = () if after is None else (FeedRow.key > after,)
    return session.execute(
        select(FeedRow.key, FeedRow.body).where(*live, *above).order_by(FeedRow.key).limit(limit)
    ).all()


def more_than(session: Session, stream: Stream, position: int, count: int) -> bool:
    """Say whether *stream* has more than *count* rows above *position*, tombstones among them."""
    channel, collection = stream
    above = (
        select(FeedRow.position)
        .where(FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.position > position)
        .order_by(FeedRow.position)
        .offset(count)
        .limit(1)
    )
    return session.scalar(above) is not None


def count_after(session: Session, stream: Stream, position: int) -> int:
    """Return how many rows of *stream* stand above *position*, tombstones among them."""
    channel, collection = stream
    return (
        session.scalar(
            select(func.count()).where(
                FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.position > position
            )
        )
        or 0
    )


def citable_records(
    session: Session, channels: Sequence[str], refs: Iterable[Ref]
) -> dict[Ref, dict[str, Any]]:
    """Return, of the records *refs*, those that are or were heard in *channels*.

    A record that has left a channel leaves a tombstone there, so that a document captured before the
    move may still cite it, until the tombstone is collected (`backend.feed.compaction`). The value is the
    record as it is now, or an empty one where it is gone.
    """
    wanted = set(refs)
    live = read_live(session, wanted)
    allowed = set(channels)
    here = {ref: json.loads(record.body) for ref, record in live.items() if record.channel in allowed}
    elsewhere = wanted - here.keys()
    if elsewhere:
        asked = {"given": refs_text(elsewhere), "channels": bulk.to_json(channels)}
        for row in session.connection().execute(_departed(bulk.dialect_of(session)), asked):
            ref = (row.collection, row.key)
            here[ref] = json.loads(live[ref].body) if ref in live else {}
    return here


@cache
def _departed(dialect: str) -> Any:
    wanted = bulk.json_rows(dialect, (FEED.c.collection, FEED.c.key))
    named = (FEED.c.collection == wanted.c.collection) & (FEED.c.key == wanted.c.key)
    return (
        select(FEED.c.collection, FEED.c.key)
        .select_from(wanted.join(FEED, named))
        .where(bulk.in_json_list(dialect, FEED.c.channel, "channels"), FEED.c.body.is_(None))
    )
