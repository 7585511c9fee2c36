"""Key ranges of a stream: their parts with count and sum, and their live rows."""

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
"""Bits. Hashes are added up in two halves: the sum of whole ones would overflow, an error in SQL."""
_HALF_DOWN = literal(_HALF, Integer)


@dataclass(frozen=True)
class Part:
    """What lives in a key range."""

    range: KeyRange
    checksum: Checksum


def split(session: Session, stream: Stream, range: KeyRange, most: int) -> list[Part]:
    """Return *range* of *stream* in at most *most* parts of about equal rows, which together tile it.

    One query. A range of no rows, or of one, has one part: itself.
    """
    part = func.ntile(most).over(order_by=FeedRow.key).label("part")
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
    found = [FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.body.is_not(None)]
    if range.start:
        found.append(FeedRow.key >= range.start)
    if range.end is not None:
        found.append(FeedRow.key < range.end)
    return found
