"""Integrity: recompute the hashes and the checksum of a stream from its rows, and repair those that differ."""

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
    """The result of checking one stream: its stored checksum and the one of its rows."""

    stream: Stream
    recorded: Checksum
    actual: Checksum
    wrong_hashes: int
    """The number of rows whose stored hash was not that of their record."""
    head_raised: bool
    """Whether a row had a higher position than the stream's head."""

    @property
    def is_intact(self) -> bool:
        """Whether nothing had to be repaired."""
        return self.recorded == self.actual and not self.wrong_hashes and not self.head_raised


def streams(session: Session) -> list[Stream]:
    """Return every stream that has a row or a checksum."""
    of_rows = select(FeedRow.channel, FeedRow.collection)
    of_sums = select(FeedStream.channel, FeedStream.collection)
    return sorted((row[0], row[1]) for row in session.execute(union(of_rows, of_sums)))


def newest_row(session: Session) -> int:
    """Return the highest position of any row, which must not be above the feed's head; 0 without rows."""
    return session.scalar(select(func.max(FeedRow.position))) or 0


def rebuild(session: Session, stream: Stream) -> StreamCheck:
    """Compare *stream* with its rows and repair what differs; hold the feed's lock until the commit.

    Rows are read in batches; 100,000 of them block publishers for about three seconds.
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
    for key, body, recorded, position in rows:
        newest = max(newest, position)
        actual = None if body is None else row_hash(collection, key, body)
        if actual is not None:
            count, total = count + 1, total + actual
        if recorded != (None if actual is None else signed(actual)):
            wrong.append({"b_key": key, "b_hash": None if actual is None else signed(actual)})
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


def _repair_sum(session: Session, stream: Stream, actual: Checksum, newest: int, wrong: int) -> StreamCheck:
    row = session.get(FeedStream, stream, populate_existing=True)
    if row is None:
        row = FeedStream(channel=stream[0], collection=stream[1], head=0, floor=0, rows=0, sum=0)
        session.add(row)
    check = StreamCheck(stream, Checksum(row.rows, row.sum % MODULUS), actual, wrong, newest > row.head)
    if not check.is_intact:
        row.rows, row.sum, row.head = actual.count, signed(actual.sum), max(row.head, newest)
        session.flush()
    return check
