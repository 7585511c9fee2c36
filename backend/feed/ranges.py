"""Key ranges of a stream: split them into parts with checksums, and read their live rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import ColumnElement, Integer, Row, func, literal, select
from sqlalchemy.orm import Session

from backend.feed.models import FeedRow
from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum
from sync_protocol.segment import KeyRange

_HALF = 32
"""Bits. Hashes are summed in two halves, because the sum of whole hashes would overflow, an error in SQL."""
_HALF_DOWN = literal(_HALF, Integer)


@dataclass(frozen=True)
class Part:
    """A key range, and the checksum of its live rows."""

    range: KeyRange
    checksum: Checksum


def split(session: Session, stream: Stream, range: KeyRange, max_parts: int) -> list[Part]:
    """Return up to *max_parts* parts with about equally many rows, which together tile *range* of *stream*.

    One SQL statement. A range with at most one row has one part: itself.
    """
    part = func.ntile(max_parts).over(order_by=FeedRow.key).label("part")
    live = select(FeedRow.key, FeedRow.hash, part).where(*_inside(stream, range)).subquery()
    rows = session.execute(
        select(
            func.min(live.c.key),
            func.count(),
            func.sum(live.c.hash.bitwise_rshift(_HALF_DOWN)),
            func.sum(live.c.hash.bitwise_and(2**_HALF - 1)),
        )
        .group_by(live.c.part)
        .order_by(live.c.part)
    ).all()
    if not rows:
        return [Part(range, Checksum())]
    bounds = [range.start, *(first for first, *_ in rows[1:]), range.end]
    sums = [Checksum(count, ((int(high) << _HALF) + int(low)) % MODULUS) for _, count, high, low in rows]
    return [Part(KeyRange(*keys), sum) for keys, sum in zip(pairwise(bounds), sums, strict=True)]


def rows_in(
    session: Session, stream: Stream, range: KeyRange, limit: int
) -> Sequence[Row[str, int, int | None, str | None]]:
    """Return up to *limit* live rows (key, position, hash, body) of *range*, ascending by key."""
    return session.execute(
        select(FeedRow.key, FeedRow.position, FeedRow.hash, FeedRow.body)
        .where(*_inside(stream, range))
        .order_by(FeedRow.key)
        .limit(limit)
    ).all()


def _inside(stream: Stream, range: KeyRange) -> list[ColumnElement[bool]]:
    channel, collection = stream
    conditions = [FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.body.is_not(None)]
    if range.start:
        conditions.append(FeedRow.key >= range.start)
    if range.end is not None:
        conditions.append(FeedRow.key < range.end)
    return conditions
