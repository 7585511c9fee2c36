"""The page under way: rows that are JSON text already and are joined, never parsed; offers; the cursor."""

import datetime as dt
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend import metrics
from backend.clock import instant
from backend.feed import reading
from backend.feed.models import FeedSegment
from backend.feed.positions import Head
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark
from sync_protocol.limits import LIMITS

ROWS_AT_ONCE = 1_000
OVERHEAD = 16
"""Bytes of a page that a row takes beside its body."""

Link = Callable[[str], str | None]
"""Gives the address from which a segment may be fetched without a token, or None for our own."""


def no_link(name: str) -> None:
    """Leave segments to `/v1/segments`."""
    return


@dataclass(frozen=True)
class Page:
    """A page as it travels, and what HTTP needs to know of it."""

    body: bytes
    cursor: str
    idle: bool
    """Nothing has changed since the cursor that was asked with."""
    poll_after: int
    segment_candidates: tuple[Stream, ...] = ()
    """Streams that the device begins to read and that are large enough for segments, but have none."""

    @property
    def etag(self) -> str:
        """The tag of what a device holds that has applied this page."""
        return etag_of(self.cursor)


def etag_of(cursor: str) -> str:
    """Return the tag that stands for holding everything up to *cursor*."""
    return sha256(cursor.encode()).hexdigest()[:32]


_text = json.JSONEncoder(ensure_ascii=False).encode


class _StreamRows(NamedTuple):
    """Rows of the *n*-th stream, ascending; a body that is None is a tombstone's."""

    n: int
    positions: Sequence[int]
    keys: Sequence[str]
    bodies: Sequence[str | None]

    def within(self, budget: int) -> tuple[int, int]:
        """Return how many of them are sent while something is left of *budget* before each, and their bytes."""
        sizes = [len(body or key) + OVERHEAD for key, body in zip(self.keys, self.bodies, strict=True)]
        sums = [*accumulate(sizes, initial=0)]
        count = bisect_left(sums, budget, 0, len(sizes))
        return count, sums[count]


def _changed_rows(session: Session, marks: list[tuple[Stream, int]]) -> Iterator[_StreamRows]:
    """Yield the rows above *marks*, stream after stream, as far as it is asked for."""
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


def _add(some: _StreamRows, count: int, put: list[str], gone: list[str]) -> None:
    """Add the first *count* of *some* as they travel; what is done to each of thousands is the page's cost."""
    bodies = some.bodies[:count]
    if None not in bodies:
        put += map("[%d,%s]".__mod__, zip(some.positions, bodies, strict=False))
        return
    for position, key, body in zip(some.positions, some.keys, bodies, strict=False):
        if body is None:
            gone.append(f"[{position},{json.dumps(key)}]")
        else:
            put.append(f"[{position},{body}]")


@dataclass
class Draft:
    """What the page will hold. `marks` become its cursor; *budget* is what is left of its size."""

    head: Head
    budget: int
    poll_after: int = LIMITS.poll_after_seconds
    marks: dict[Stream, Mark] = field(default_factory=dict)
    then: dict[Stream, Mark] = field(default_factory=dict)
    """Marks of the offered streams, once their segments are applied."""
    complete: bool = True
    segment_candidates: list[Stream] = field(default_factory=list)
    _changes: list[str] = field(default_factory=list)
    _offers: list[dict[str, object]] = field(default_factory=list)

    def offer(self, stream: Stream, segments: Iterable[FeedSegment], as_of: int, link: Link) -> None:
        """Offer the set *segments* of *stream*, to a device that may hold rows as old as *as_of*."""
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
        # Named at 0, so that a revocation before the last segment is applied is announced.
        self.marks[stream] = Mark(0, min(as_of, self.then[stream].position))
        self.complete = False

    def read(self, session: Session, behind: Sequence[tuple[Stream, Mark]]) -> None:
        """Read the streams *behind*, each above its mark, one after the other until the page is full."""
        reached = {stream: mark.position for stream, mark in behind}
        contents: dict[Stream, tuple[list[str], list[str]]] = {}
        ended = len(behind)
        for some in _changed_rows(session, [*reached.items()]):
            stream = behind[some.n][0]
            sent, spent = some.within(self.budget)
            if sent:
                _add(some, sent, *contents.setdefault(stream, ([], [])))
                self.budget -= spent
                reached[stream] = some.positions[sent - 1]
            if sent < len(some.positions):
                # The page is full. Whether anything is behind it is asked, not guessed: a page that ends
                # exactly at the limit would otherwise be followed by an empty one for ever.
                ended = some.n
                break
        for n, (stream, mark) in enumerate(behind):
            if n < ended:
                self.marks[stream] = Mark(self.head.position)
            else:
                self.complete = False
                if reached[stream]:
                    self.marks[stream] = Mark(reached[stream], mark.as_of)
        metrics.PAGE_ROWS.inc(sum(len(put) + len(gone) for put, gone in contents.values()))
        for (channel, collection), (put, gone) in contents.items():
            name = f'"channel":{_text(channel)},"collection":{_text(collection)}'
            self._changes.append(f'{{{name},"put":[{",".join(put)}],"gone":[{",".join(gone)}]}}')

    def render(
        self, *, drop: list[Stream], reset: str | None, check: Checksum, idle: bool, now: dt.datetime
    ) -> Page:
        """Return the finished page; *check* is what the device holds if the page is complete."""
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
        return Page(body, text, idle, self.poll_after, tuple(self.segment_candidates))
