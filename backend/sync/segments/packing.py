"""Pack the rows of a stream, ascending by key, into segments of 64 to 256 KiB.

The boundaries of the previous set are kept where they still fit. An unchanged key range then gives the same
bytes and keeps its name, so a device that has the file need not fetch it again. A range that grew too large is
cut, and one that shrank joins its neighbour.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sync_protocol import segment
from sync_protocol.change import Stream
from sync_protocol.limits import KIB, LIMITS, MIB
from sync_protocol.segment import KeyRange

MAX_BYTES = LIMITS.segment_bytes
MIN_BYTES = LIMITS.segment_bytes // 4
TARGET_BYTES = LIMITS.segment_bytes * 5 // 8
"""The size of a newly cut segment: it leaves room to grow and to shrink before it must be cut again."""
MAX_PLAIN_BYTES = 4 * MIB
"""The limit for the uncompressed records of one segment: builder and phone hold them in memory."""
TARGET_PLAIN_BYTES = MAX_PLAIN_BYTES * 5 // 8
SAMPLE_BYTES = 256 * KIB
"""The number of uncompressed bytes after which the compression ratio is first measured."""

Row = tuple[str, str]
"""(key, canonical JSON of the record)"""


@dataclass(frozen=True)
class PackedSegment:
    """A finished segment."""

    range: KeyRange
    data: bytes
    rows: int

    @property
    def name(self) -> str:
        return segment.name_of(self.data)


def pack(stream: Stream, rows: Iterable[Row], boundaries: Sequence[str]) -> Iterator[PackedSegment]:
    """Yield the segments of *rows*, whose ranges tile all keys; holds the rows of at most two segments.

    Args:
        stream: The stream, which becomes part of each file.
        rows: The live rows, ascending by key.
        boundaries: The first keys of the previous set's ranges, ascending.
    """
    packer = _Packer(stream)
    ahead = iter([start for start in boundaries if start])
    boundary = next(ahead, None)
    for row in rows:
        while boundary is not None and row[0] >= boundary:
            packer.end_at(boundary)
            boundary = next(ahead, None)
        packer.add(row)
        if packer.must_cut(exact=boundary is not None):
            packer.cut()
        yield from packer.take_finished()
    packer.end()
    yield from packer.take_finished()


class _Packer:
    """Collects the rows of the range that begins at `start`; the last rows may join the previous segment."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.start = ""
        self.rows: list[Row] = []
        self.plain_bytes = 0
        self.ratio: float | None = None
        """Compressed bytes per uncompressed byte, as last measured; None: not measured yet."""
        self.last: tuple[PackedSegment, list[Row]] | None = None
        self.finished: list[PackedSegment] = []

    def take_finished(self) -> list[PackedSegment]:
        """Return the finished segments that were not returned before."""
        done, self.finished = self.finished, []
        return done

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.plain_bytes += _size(row)

    def must_cut(self, *, exact: bool) -> bool:
        """Return whether the collected rows must be cut.

        With *exact* they are compressed to be sure, because a cut gives up a boundary of the previous set;
        otherwise the ratio decides.
        """
        if len(self.rows) < 2 or self.plain_bytes > MAX_PLAIN_BYTES:
            return len(self.rows) > 1
        if self.ratio is None and self.plain_bytes > SAMPLE_BYTES:
            self._encode(self.rows, None)
        if self.ratio is None or self.plain_bytes * self.ratio <= MAX_BYTES:
            return False
        return not exact or len(self._encode(self.rows, None)) > MAX_BYTES

    def end_at(self, boundary: str) -> None:
        """End the range at *boundary* if the collected rows are enough for a segment; else continue past it."""
        data = self._encode(self.rows, boundary) if self.rows else b""
        if len(data) >= MIN_BYTES or self.plain_bytes >= TARGET_PLAIN_BYTES // 2:
            self._close(len(self.rows), boundary, data)

    def cut(self) -> None:
        """Finish a segment of the target size and keep the other rows."""
        count = self._rows_within(
            min(TARGET_BYTES / self.ratio, TARGET_PLAIN_BYTES) if self.ratio else TARGET_PLAIN_BYTES
        )
        end = self.rows[count][0]
        data = self._encode(self.rows[:count], end)
        # A segment that is too small means that the ratio was wrong. It is corrected now, and more rows are
        # collected.
        if len(data) >= MIN_BYTES or self.plain_bytes > MAX_PLAIN_BYTES:
            self._close(count, end, data)

    def end(self) -> None:
        """Finish the last rows; if they are few they join the previous segment, if it has room."""
        data = self._encode(self.rows, None)
        if self.last is not None and len(data) < MIN_BYTES:
            before, rows = self.last
            joined = segment.encode(self.stream, KeyRange(before.range.start, None), rows + self.rows)
            if len(joined) <= MAX_BYTES and _plain_size(rows) + self.plain_bytes <= MAX_PLAIN_BYTES:
                self.start, self.rows, self.last, data = before.range.start, rows + self.rows, None, joined
        self._close(len(self.rows), None, data)
        if self.last is not None:
            self.finished.append(self.last[0])

    def _close(self, count: int, end: str | None, data: bytes) -> None:
        """Finish the first *count* rows as the range up to *end*; halve it until each part is small enough."""
        rows, self.rows = self.rows[:count], self.rows[count:]
        self.plain_bytes = _plain_size(self.rows)
        pieces = [(self.start, rows, end, data)]
        while pieces:
            start, part, until, data = pieces.pop(0)
            if len(data) > MAX_BYTES and len(part) > 1:
                middle = part[len(part) // 2][0]
                halves = (start, part[: len(part) // 2], middle), (middle, part[len(part) // 2 :], until)
                pieces[:0] = [(*half, self._encode(half[1], half[2], half[0])) for half in halves]
                continue
            if self.last is not None:
                self.finished.append(self.last[0])
            self.last = PackedSegment(KeyRange(start, until), data, len(part)), part
        self.start = end or ""

    def _rows_within(self, plain_bytes: float) -> int:
        """Return how many of the collected rows take *plain_bytes*; at least one, and at least one is left."""
        count = size = 0
        for row in self.rows[:-1]:
            size += _size(row)
            if count and size > plain_bytes:
                break
            count += 1
        return max(count, 1)

    def _encode(self, rows: list[Row], end: str | None, start: str | None = None) -> bytes:
        data = segment.encode(self.stream, KeyRange(self.start if start is None else start, end), rows)
        if rows:
            self.ratio = len(data) / _plain_size(rows)
        return data


def _size(row: Row) -> int:
    return len(row[0]) + len(row[1])


def _plain_size(rows: list[Row]) -> int:
    return sum(map(_size, rows))
