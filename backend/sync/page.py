"""Build a page, the reply to a pull. Its rows are JSON text already; they are joined and never parsed.

The fields of a page, as `sync_protocol.pull.PageSchema` declares them and docs/protocol.md explains them:
epoch, cursor, complete, head, reset, drop, segments, then, check, server_time, poll_after, changes.
"""

import datetime as dt
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.clock import instant
from backend.feed import reading
from backend.feed.joined import ROW_OVERHEAD_BYTES
from backend.feed.models import FeedSegment
from backend.feed.positions import Head
from backend.metrics import DropCause
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark
from sync_protocol.limits import LIMITS

ROWS_AT_ONCE = 1_000

Link = Callable[[str], str | None]
"""Maps a segment's name to a URL that needs no token; None: fetch it from `/v1/segments` with the token."""


def no_link(name: str) -> None:
    """Return None for every segment, so that devices fetch it from `/v1/segments`."""
    return


@dataclass(frozen=True)
class Page:
    """A finished page: the JSON to send, and what the HTTP layer needs for its headers."""

    body: bytes
    cursor: str
    idle: bool
    """Whether nothing has changed since the cursor of the request."""
    poll_after: int
    """Seconds until the next poll."""
    rows: int
    """Its records and tombstones, for the metrics. They are counted by the HTTP layer, because a page may be
    built twice."""
    segment_candidates: tuple[Stream, ...] = ()
    """Streams that the device starts to read and that are large enough for segments, but have none."""
    reset: str | None = None
    """Its `reset`, for the metrics."""
    drop_causes: tuple[DropCause, ...] = ()
    """The cause of each stream in its `drop`, for the metrics."""

    @property
    def etag(self) -> str:
        """The ETag for a device that has applied this page."""
        return etag_of(self.cursor)


def etag_of(cursor: str) -> str:
    """Return the ETag for a device that holds everything up to *cursor*."""
    return sha256(cursor.encode()).hexdigest()[:32]


_text = json.JSONEncoder(ensure_ascii=False).encode


class _StreamRows(NamedTuple):
    """Consecutive rows of one stream, ascending by position.

    *number* is the index of the stream in the list that is being read. A tombstone has None as its body.
    """

    number: int
    positions: Sequence[int]
    keys: Sequence[str]
    bodies: Sequence[str | None]

    def count_within(self, budget: int) -> tuple[int, int]:
        """Return how many rows fit, and their bytes. A row fits if those before it take less than *budget*."""
        sizes = [
            len(body or key) + ROW_OVERHEAD_BYTES for key, body in zip(self.keys, self.bodies, strict=True)
        ]
        sums = [*accumulate(sizes, initial=0)]
        count = bisect_left(sums, budget, 0, len(sizes))
        return count, sums[count]


def _changed_rows(session: Session, marks: list[tuple[Stream, int]]) -> Iterator[_StreamRows]:
    """Yield the rows above *marks*, stream after stream; read no further than the caller iterates."""
    first = 0
    while first < len(marks):
        rows = reading.rows_after(session, marks[first:], ROWS_AT_ONCE)
        if rows:
            numbers, positions, keys, bodies = zip(*rows, strict=True)
        begin = 0
        while begin < len(rows):
            n = numbers[begin]
            end = bisect_right(numbers, n, begin)
            yield _StreamRows(first + n, positions[begin:end], keys[begin:end], bodies[begin:end])
            begin = end
        if len(rows) < ROWS_AT_ONCE:
            return
        first += rows[-1][0]
        marks[first] = marks[first][0], rows[-1][1]


def _add(rows: _StreamRows, count: int, put: list[str], gone: list[str]) -> None:
    """Append the JSON of the first *count* of *rows* to *put* and *gone*.

    This loop runs for each of thousands of rows, so its speed decides the cost of a page.
    """
    bodies = rows.bodies[:count]
    if None not in bodies:
        put += map("[%d,%s]".__mod__, zip(rows.positions, bodies, strict=False))
        return
    for position, key, body in zip(rows.positions, rows.keys, bodies, strict=False):
        if body is None:
            gone.append(f"[{position},{_text(key)}]")
        else:
            put.append(f"[{position},{body}]")


@dataclass
class PageBuilder:
    """Collect the contents of a page.

    *budget* is the number of bytes left for rows. `marks` becomes the page's cursor.
    """

    head: Head
    budget: int
    poll_after: int = LIMITS.poll_after_seconds
    marks: dict[Stream, Mark] = field(default_factory=dict)
    then: dict[Stream, Mark] = field(default_factory=dict)
    """The marks of the offered streams once their segments are applied."""
    complete: bool = True
    segment_candidates: list[Stream] = field(default_factory=list)
    rows: int = 0
    """Records and tombstones in `_changes`."""
    _changes: list[str] = field(default_factory=list)
    _offers: list[dict[str, object]] = field(default_factory=list)

    def add_offer(self, stream: Stream, segments: Iterable[FeedSegment], as_of: int, link: Link) -> None:
        """Offer *segments*, the set of *stream*.

        *as_of* is the position of the oldest snapshot whose rows the device may hold.
        """
        for segment in segments:
            self._offers.append(
                {
                    "channel": segment.channel,
                    "collection": segment.collection,
                    "priority": COLLECTIONS[segment.collection].priority,
                    "from": segment.key_from,
                    "to": segment.key_to,
                    "sha256": segment.sha256,
                    "bytes": segment.bytes,
                    "rows": segment.rows,
                    "position": segment.position,
                    "url": link(segment.sha256),
                }
            )
            self.then[stream] = Mark(segment.position)
        # Named at 0, so that a revocation is announced even if the last segment was not applied yet.
        self.marks[stream] = Mark(0, min(as_of, self.then[stream].position))
        self.complete = False

    def add_streams(self, session: Session, streams: Sequence[tuple[Stream, Mark]]) -> None:
        """Add the rows of *streams* above their marks, one stream after the other, until the page is full."""
        reached = {stream: mark.position for stream, mark in streams}
        contents: dict[Stream, tuple[list[str], list[str]]] = {}
        ended = len(streams)
        for rows in _changed_rows(session, [*reached.items()]):
            stream = streams[rows.number][0]
            sent, used = rows.count_within(self.budget)
            if sent:
                _add(rows, sent, *contents.setdefault(stream, ([], [])))
                self.budget -= used
                reached[stream] = rows.positions[sent - 1]
            if sent < len(rows.positions):
                # The page is full. Whether more rows follow is read, not guessed: otherwise a page that ends
                # exactly at the limit would be followed by empty pages forever.
                ended = rows.number
                break
        for n, (stream, mark) in enumerate(streams):
            if n < ended:
                self.marks[stream] = Mark(self.head.position)
            else:
                self.complete = False
                if reached[stream]:
                    self.marks[stream] = Mark(reached[stream], mark.as_of)
        for stream, (put, gone) in contents.items():
            self.add_joined(stream, ",".join(put), ",".join(gone), len(put) + len(gone))

    def add_joined(self, stream: Stream, put: str, gone: str, rows: int) -> None:
        """Add the changes of *stream*: the items of its lists as texts, which hold *rows* rows."""
        channel, collection = stream
        name = f'"channel":{_text(channel)},"collection":{_text(collection)}'
        self._changes.append(f'{{{name},"put":[{put}],"gone":[{gone}]}}')
        self.rows += rows

    def render(
        self,
        *,
        drop: list[Stream],
        drop_causes: Iterable[DropCause],
        reset: str | None,
        check: Checksum,
        idle: bool,
        now: dt.datetime,
    ) -> Page:
        """Return the finished page.

        Args:
            drop: The streams that the device must delete.
            drop_causes: Why, one per stream.
            reset: None, `RESET_EPOCH` or `RESET_REBASE`.
            check: The checksum of the replica once it has applied the page; sent only if the page is complete.
            idle: Whether nothing has changed since the cursor of the request.
            now: The server's clock.
        """
        cursor = Cursor(self.head.epoch, self.head.position, self.marks)
        text = cursor.encode()
        then = Cursor(self.head.epoch, self.head.position, {**self.marks, **self.then})
        value = {
            "epoch": self.head.epoch,
            "cursor": text,
            "complete": self.complete,
            "head": self.head.position,
            "reset": reset,
            "drop": drop,
            "segments": self._offers,
            "then": then.encode() if self.then else None,
            "check": check.as_wire() if self.complete else None,
            "server_time": instant(now),
            "poll_after": self.poll_after,
        }
        before = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        body = f'{before[:-1]},"changes":[{",".join(self._changes)}]}}'.encode()
        candidates, causes = tuple(self.segment_candidates), tuple(drop_causes)
        return Page(body, text, idle, self.poll_after, self.rows, candidates, reset, causes)
