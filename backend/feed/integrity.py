"""Proving: the hashes and sums of a stream are made again from its rows, and mended where they differ."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, union, update
from sqlalchemy.orm import Session

from backend.feed import positions
from backend.feed.live import FEED
from backend.feed.models import FeedRow, FeedStream
from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum, row_hash, signed

ROWS_AT_ONCE = 1_000


@dataclass(frozen=True)
class StreamCheck:
    """What one stream's rows add up to, and what was noted about it before."""

    stream: Stream
    recorded: Checksum
    actual: Checksum
    wrong_hashes: int
    """Rows whose own hash was not that of their record."""
    head_raised: bool
    """Whether a row stood above the stream's head."""

    @property
    def is_intact(self) -> bool:
        """Whether nothing had to be mended."""
        return self.recorded == self.actual and not self.wrong_hashes and not self.head_raised


def streams(session: Session) -> list[Stream]:
    """Return every stream that has a row or a sum."""
    of_rows = select(FeedRow.channel, FeedRow.collection)
    of_sums = select(FeedStream.channel, FeedStream.collection)
    return sorted((row[0], row[1]) for row in session.execute(union(of_rows, of_sums)))


def newest_row(session: Session) -> int:
    """Return the highest position of any row; it must not be above the feed's head."""
    return session.scalar(select(func.max(FeedRow.position))) or 0


def rebuild(session: Session, stream: Stream) -> StreamCheck:
    """Compare *stream* with its rows and mend what differs, holding the feed's lock until the commit.

    Rows are read some at a time; a hundred thousand of them hold up publishers for about three seconds.
    """
    positions.take(session, 0)
    channel, collection = stream
    rows = session.execute(
        select(FeedRow.key, FeedRow.body, FeedRow.hash, FeedRow.position)
        .where(FeedRow.channel == channel, FeedRow.collection == collection)
        .execution_options(yield_per=ROWS_AT_ONCE)
    )
    count = total = newest = 0
    wrong: list[dict[str, object]] = []
    for key, body, noted, position in rows:
        newest = max(newest, position)
        real = None if body is None else row_hash(collection, key, body)
        if real is not None:
            count, total = count + 1, total + real
        if noted != (None if real is None else signed(real)):
            wrong.append({"b_key": key, "b_hash": None if real is None else signed(real)})
    if wrong:
        _repair_rows(session, stream, wrong)
    return _repair_sum(session, stream, Checksum(count, total % MODULUS), newest, len(wrong))


def _repair_rows(session: Session, stream: Stream, wrong: list[dict[str, object]]) -> None:
    channel, collection = stream
    session.connection().execute(
        update(FEED)
        .where(FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.key == bindparam("b_key"))
        .values(hash=bindparam("b_hash")),
        wrong,
    )


def _repair_sum(session: Session, stream: Stream, real: Checksum, newest: int, wrong: int) -> StreamCheck:
    row = session.get(FeedStream, stream, populate_existing=True)
    if row is None:
        row = FeedStream(channel=stream[0], collection=stream[1], head=0, floor=0, rows=0, sum=0)
        session.add(row)
    proof = StreamCheck(stream, Checksum(row.rows, row.sum % MODULUS), real, wrong, newest > row.head)
    if not proof.is_intact:
        row.rows, row.sum, row.head = real.count, signed(real.sum), max(row.head, newest)
        session.flush()
    return proof
