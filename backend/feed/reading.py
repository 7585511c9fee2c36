"""Read the feed: the states of streams, their rows by position or key, and the records that a rep may cite."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Integer, Row, Select, bindparam, func, select, true
from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.core import is_postgresql
from backend.database.round_trip import Read
from backend.feed import live
from backend.feed.live import FEED, Cited, Ref, refs_text
from backend.feed.models import FeedRow, FeedStream
from sync_protocol.change import Stream
from sync_protocol.channel import NOWHERE
from sync_protocol.checksum import MODULUS, Checksum
from sync_protocol.json_types import NewRecord


@dataclass(frozen=True)
class StreamState:
    """The state of a stream: its newest position, its floor, and the checksum of its live rows.

    Tombstones at or below the floor may be deleted.
    """

    head: int
    floor: int
    checksum: Checksum


STATE_COLUMNS: tuple[Any, ...] = (FeedStream.channel, FeedStream.collection, FeedStream.head, FeedStream.floor)
"""The columns of a stream, its head and its floor."""
CHECKSUM_COLUMNS: tuple[Any, ...] = (FeedStream.rows, FeedStream.sum)
"""The columns of its checksum."""


def stream_states(session: Session, channels: Sequence[str]) -> dict[Stream, StreamState]:
    """Return the state of every stream in *channels* that ever held a record."""
    return _stream_states(session, FeedStream.channel.in_(channels))


def all_stream_states(session: Session) -> dict[Stream, StreamState]:
    """Return the state of every stream that a rep can be granted."""
    return _stream_states(session, FeedStream.channel != NOWHERE)


def _stream_states(session: Session, condition: ColumnElement[bool]) -> dict[Stream, StreamState]:
    rows = session.connection().execute(select(*STATE_COLUMNS, *CHECKSUM_COLUMNS).where(condition))
    return {
        (row.channel, row.collection): StreamState(row.head, row.floor, Checksum(row.rows, row.sum % MODULUS))
        for row in rows
    }


def rows_after(
    session: Session, marks: Sequence[tuple[Stream, int]], limit: int
) -> Sequence[Row[int, int, str, str | None]]:
    """Return up to *limit* rows of the streams in *marks*, one stream after the other, each above its position.

    A row is (n, position, key, body), where *n* is the index of its stream in *marks* and a tombstone has no
    body. Within a stream the positions ascend. If there are fewer than *limit* rows, no more exist.
    """
    streams = [
        {"n": n, "channel": channel, "collection": collection, "position": position}
        for n, ((channel, collection), position) in enumerate(marks)
    ]
    connection = session.connection()
    if is_postgresql(session):
        return connection.execute(_ROWS_AFTER, {"given": bulk.to_json(streams), "limit": limit}).all()
    rows: list[Row[int, int, str, str | None]] = []
    for stream in streams:
        if len(rows) < limit:
            rows += connection.execute(_ROWS_AFTER_IN_ONE_STREAM, {**stream, "limit": limit - len(rows)})
    return rows


def _above(n: Any, channel: Any, collection: Any, position: Any) -> Select[Any]:
    """Select the rows of one stream by its index, up to the parameter `limit`."""
    # A subquery hides the number from PostgreSQL's planner. If it knew the number, it would often estimate that
    # the stream has fewer rows, and read and sort the whole stream.
    limit = select(bindparam("limit", type_=Integer)).scalar_subquery()
    return (
        select(n.label("n"), FEED.c.position, FEED.c.key, FEED.c.body)
        .where(FEED.c.channel == channel, FEED.c.collection == collection, FEED.c.position > position)
        .order_by(FEED.c.position)
        .limit(limit)
    )


def _rows_after() -> Select[Any]:
    """Select from all streams in one statement (LATERAL, which SQLite does not have).

    Each stream is read by its index, and only if the streams before it left room: the streams are sorted before
    they are joined.
    """
    streams = bulk.json_rows(
        bulk.POSTGRESQL, (Column("n", Integer), FEED.c.channel, FEED.c.collection, FEED.c.position)
    )
    sorted_streams = select(streams).order_by(streams.c.n).subquery("streams")
    columns = sorted_streams.c
    rows = _above(columns.n, columns.channel, columns.collection, columns.position).lateral("rows")
    return (
        select(rows)
        .select_from(sorted_streams.join(rows, true()))
        .order_by(columns.n, rows.c.position)
        .limit(bindparam("limit", type_=Integer))
    )


_ROWS_AFTER = _rows_after()
_ROWS_AFTER_IN_ONE_STREAM = _above(*(bindparam(name) for name in ("n", "channel", "collection", "position")))


def rows_by_key(session: Session, stream: Stream, after: str | None, limit: int) -> Sequence[Any]:
    """Return up to *limit* live rows (key, body) of *stream* with keys above *after* (None: all), ascending."""
    channel, collection = stream
    is_live = (FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.body.is_not(None))
    above = () if after is None else (FeedRow.key > after,)
    return session.execute(
        select(FeedRow.key, FeedRow.body).where(*is_live, *above).order_by(FeedRow.key).limit(limit)
    ).all()


def has_more_than(session: Session, stream: Stream, position: int, count: int) -> bool:
    """Return whether *stream* has more than *count* rows above *position*, including tombstones."""
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
    """Return how many rows of *stream* are above *position*, including tombstones."""
    channel, collection = stream
    return (
        session.scalar(
            select(func.count()).where(
                FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.position > position
            )
        )
        or 0
    )


Records = dict[Ref, NewRecord]
"""Records by (collection, key)."""


@dataclass(frozen=True)
class CitedPrices:
    """What a push reads of prices, beside the records that its documents cite."""

    lookups: frozenset[Ref] = frozenset()
    """(`prices`, lookup key)"""
    customers: frozenset[Ref] = frozenset()
    """Customers whose former versions are read too."""


def cited_read(
    dialect: str, refs: Iterable[Ref], consulted: Iterable[Ref] = (), prices: CitedPrices | None = None
) -> Read:
    """Return the statement that reads, as `Cited`, the live records of *refs* and *consulted*, and *prices*."""
    all_refs = set(refs).union(consulted)
    if prices is not None:
        return live.prices_read(dialect, all_refs, prices.lookups, prices.lookups | prices.customers)
    plain = live.live_read(dialect, all_refs)
    return replace(plain, value=lambda rows: Cited(plain.value(rows), {}, {}, None))


def citable_records(
    session: Session,
    channels: Sequence[str],
    refs: Iterable[Ref],
    read: Cited,
    *,
    reads: Callable[[str, str], bool] = lambda channel, collection: True,
) -> tuple[Records, Records]:
    """Return those of *refs* that a rep may cite, and those of *read* that the rep reads now.

    *read* is what `cited_read` has read of *refs* and others. A record may be cited if it is, or once was, in
    one of *channels*. A record that left a channel has a tombstone there, so a document captured before the
    move may still cite it, until the tombstone is deleted (`backend.feed.compaction`). The value is the current
    record, or an empty dict if the record is deleted.

    *reads* says of a channel and a collection whether the rep reads it now: what a message tells the rep must
    come from such records only.
    """
    cited, allowed = set(refs), set(channels)
    # Decoded at once: most of the time of a small one is the call.
    decoded = orjson.loads(f"[{','.join([record.body for record in read.live.values()])}]")
    bodies: Records = dict(zip(read.live, decoded, strict=True))
    records = {ref: bodies[ref] for ref in cited & bodies.keys() if read.live[ref].channel in allowed}
    readable = {ref: body for ref, body in bodies.items() if reads(read.live[ref].channel, ref[0])}
    others = cited - records.keys()
    if others:
        parameters = {"given": refs_text(others), "channels": bulk.to_json(channels)}
        for row in session.connection().execute(_departed(bulk.dialect_of(session)), parameters):
            ref = (row.collection, row.key)
            records[ref] = bodies.get(ref, {})
    return records, readable


@cache
def _departed(dialect: str) -> Any:
    requested = bulk.json_rows(dialect, (FEED.c.collection, FEED.c.key))
    is_requested = (FEED.c.collection == requested.c.collection) & (FEED.c.key == requested.c.key)
    return (
        select(FEED.c.collection, FEED.c.key)
        .select_from(requested.join(FEED, is_requested))
        .where(bulk.in_json_list(dialect, FEED.c.channel, "channels"), FEED.c.body.is_(None))
    )


def channels(session: Session) -> list[str]:
    """Return the channels that ever had a record, sorted."""
    return sorted(session.scalars(select(FeedStream.channel).distinct()))
