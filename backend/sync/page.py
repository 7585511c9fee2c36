"""The page under way: rows that are JSON text already and are joined, never parsed; offers; the cursor."""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from sqlalchemy.orm import Session

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
    wants: tuple[Stream, ...] = ()
    """Streams that the device begins to read and that are large enough for segments, but have none."""

    @property
    def etag(self) -> str:
        """The tag of what a device holds that has applied this page."""
        return etag_of(self.cursor)


def etag_of(cursor: str) -> str:
    """Return the tag that stands for holding everything up to *cursor*."""
    return sha256(cursor.encode()).hexdigest()[:32]


_text = json.JSONEncoder(ensure_ascii=False).encode


def _news(session: Session, marks: list[tuple[Stream, int]]) -> Iterator[tuple[int, int, str, str | None]]:
    """Yield (number of the stream, position, key, body) of all above *marks*, as far as it is asked for."""
    first = 0
    while first < len(marks):
        rows = reading.rows_after(session, marks[first:], ROWS_AT_ONCE)
        for n, position, key, body in rows:
            yield first + n, position, key, body
        if len(rows) < ROWS_AT_ONCE:
            return
        first += rows[-1][0]
        marks[first] = marks[first][0], rows[-1][1]


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
    wants: list[Stream] = field(default_factory=list)
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
        for n, position, key, body in _news(session, [*reached.items()]):
            if self.budget <= 0:
                # The page is full. Whether anything is behind it is asked, not guessed: a page that ends
                # exactly at the limit would otherwise be followed by an empty one for ever.
                ended = n
                break
            stream = behind[n][0]
            put, gone = contents.setdefault(stream, ([], []))
            if body is None:
                gone.append(f"[{position},{json.dumps(key)}]")
            else:
                put.append(f"[{position},{body}]")
            reached[stream] = position
            self.budget -= len(body or key) + 16
        for n, (stream, mark) in enumerate(behind):
            if n < ended:
                self.marks[stream] = Mark(self.head.position)
            else:
                self.complete = False
                if reached[stream]:
                    self.marks[stream] = Mark(reached[stream], mark.as_of)
        for (channel, collection), (put, gone) in contents.items():
            name = f'"channel":{_text(channel)},"collection":{_text(collection)}'
            self._changes.append(f'{{{name},"put":[{",".join(put)}],"gone":[{",".join(gone)}]}}')

    def render(
        self, *, drop: list[Stream], reset: str | None, check: Checksum, idle: bool, now: dt.datetime
    ) -> Page:
        """Return the finished page; *check* is what the device holds if the page is complete."""
        cursor = Cursor(self.head.epoch, self.head.position, self.marks)
        then = Cursor(self.head.epoch, self.head.position, {**self.marks, **self.then})
        value = {
            "epoch": self.head.epoch,
            "cursor": cursor.encode(),
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
        return Page(body, cursor.encode(), idle, self.poll_after, tuple(self.wants))
