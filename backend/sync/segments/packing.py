"""Packing: the rows of a stream, ascending by key, become segments of 64 to 256 KiB.

The boundaries of the set before are kept where they still fit, so that a key range in which nothing has
changed gives the same bytes and keeps its name: whoever has the file need not fetch it again. A range that
grew out of its size is cut, one that shrank joins its neighbour.
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
"""What a segment that is cut anew should have: room to grow and to shrink before it must be cut again."""
MAX_PLAIN_BYTES = 4 * MIB
"""Bytes of records in one segment, however well they compress: builder and phone hold them in memory."""
TARGET_PLAIN_BYTES = MAX_PLAIN_BYTES * 5 // 8
SAMPLE = 256 * KIB
"""Bytes of records after which the compression is measured for the first time."""

Row = tuple[str, str]
"""(key, canonical JSON of the record)"""


@dataclass(frozen=True)
class Packed:
    """A finished segment."""

    range: KeyRange
    data: bytes
    rows: int

    @property
    def name(self) -> str:
        return segment.name_of(self.data)


def pack(stream: Stream, rows: Iterable[Row], boundaries: Sequence[str]) -> Iterator[Packed]:
    """Yield the segments of *rows*, which tile all keys; *boundaries* begin the ranges of the set before.

    Holds the rows of two segments at most.
    """
    packer = _Packer(stream)
    ahead = iter([start for start in boundaries if start])
    boundary = next(ahead, None)
    for row in rows:
        while boundary is not None and row[0] >= boundary:
            packer.reach(boundary)
            boundary = next(ahead, None)
        packer.add(row)
        if packer.too_much(sure=boundary is not None):
            packer.cut()
        yield from packer.take()
    packer.end()
    yield from packer.take()


class _Packer:
    """Gathers the rows of the range from `start` on. What is left may join the last piece."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.start = ""
        self.held: list[Row] = []
        self.plain = 0
        self.ratio: float | None = None
        """Compressed bytes per byte of records, as last measured."""
        self.last: tuple[Packed, list[Row]] | None = None
        self.done: list[Packed] = []

    def take(self) -> list[Packed]:
        """Return what is finished and has not been taken yet."""
        done, self.done = self.done, []
        return done

    def add(self, row: Row) -> None:
        self.held.append(row)
        self.plain += _size(row)

    def too_much(self, *, sure: bool) -> bool:
        """Say whether what is held must be cut; *sure* measures before a kept range is given up."""
        if len(self.held) < 2 or self.plain > MAX_PLAIN_BYTES:
            return len(self.held) > 1
        if self.ratio is None and self.plain > SAMPLE:
            self._encode(self.held, None)
        if self.ratio is None or self.plain * self.ratio <= MAX_BYTES:
            return False
        return not sure or len(self._encode(self.held, None)) > MAX_BYTES

    def reach(self, boundary: str) -> None:
        """End the range at *boundary* if what is held makes a segment; else go on over it."""
        data = self._encode(self.held, boundary) if self.held else b""
        if len(data) >= MIN_BYTES or self.plain >= TARGET_PLAIN_BYTES // 2:
            self._close(len(self.held), boundary, data)

    def cut(self) -> None:
        """Finish a segment of the wanted size and go on with the rest."""
        count = self._count(
            min(TARGET_BYTES / self.ratio, TARGET_PLAIN_BYTES) if self.ratio else TARGET_PLAIN_BYTES
        )
        end = self.held[count][0]
        data = self._encode(self.held[:count], end)
        # A small piece means that the ratio was wrong. Now it is right, and more rows are gathered.
        if len(data) >= MIN_BYTES or self.plain > MAX_PLAIN_BYTES:
            self._close(count, end, data)

    def end(self) -> None:
        """Finish what is left; a last piece that is too small joins the one before, if there is room."""
        data = self._encode(self.held, None)
        if self.last is not None and len(data) < MIN_BYTES:
            before, rows = self.last
            joined = segment.encode(self.stream, KeyRange(before.range.start, None), rows + self.held)
            if len(joined) <= MAX_BYTES and _plain(rows) + self.plain <= MAX_PLAIN_BYTES:
                self.start, self.held, self.last, data = before.range.start, rows + self.held, None, joined
        self._close(len(self.held), None, data)
        if self.last is not None:
            self.done.append(self.last[0])

    def _close(self, count: int, end: str | None, data: bytes) -> None:
        """Finish the first *count* rows as the range up to *end*; halve them as often as it takes."""
        rows, self.held = self.held[:count], self.held[count:]
        self.plain = _plain(self.held)
        pieces = [(self.start, rows, end, data)]
        while pieces:
            start, part, until, data = pieces.pop(0)
            if len(data) > MAX_BYTES and len(part) > 1:
                middle = part[len(part) // 2][0]
                halves = (start, part[: len(part) // 2], middle), (middle, part[len(part) // 2 :], until)
                pieces[:0] = [(*half, self._encode(half[1], half[2], half[0])) for half in halves]
                continue
            if self.last is not None:
                self.done.append(self.last[0])
            self.last = Packed(KeyRange(start, until), data, len(part)), part
        self.start = end or ""

    def _count(self, plain: float) -> int:
        """Return how many of the rows held make *plain* bytes; at least one, and one is left."""
        count = size = 0
        for row in self.held[:-1]:
            size += _size(row)
            if count and size > plain:
                break
            count += 1
        return max(count, 1)

    def _encode(self, rows: list[Row], end: str | None, start: str | None = None) -> bytes:
        data = segment.encode(self.stream, KeyRange(self.start if start is None else start, end), rows)
        if rows:
            self.ratio = len(data) / _plain(rows)
        return data


def _size(row: Row) -> int:
    return len(row[0]) + len(row[1])


def _plain(rows: list[Row]) -> int:
    return sum(map(_size, rows))
