"""A page of the model while it is being made."""

from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.cursor import Cursor, Mark
from tests.feed_model.state import SegmentSet, State


class Page:
    """A page of *now* with at most *rows* rows (None: as many as there are)."""

    def __init__(self, now: State, rows: int | None) -> None:
        self.now, self.left = now, rows if rows is not None else 1_000_000
        self.marks: dict[Stream, Mark] = {}
        self.then: dict[Stream, Mark] = {}
        self.complete = True
        self.changes: list[Any] = []
        self.offers: list[Any] = []

    def offer(self, offered: SegmentSet, mark: Mark) -> None:
        """Offer the segments of a stream that the device reads from its start."""
        channel, collection = offered.stream
        for range, name, size, rows in offered.segments:
            self.offers.append(
                {
                    "channel": channel, "collection": collection, "priority": 1, "from": range.start,
                    "to": range.end, "sha256": name, "bytes": size, "rows": rows,
                    "position": offered.position, "url": None,
                }
            )  # fmt: skip
        self.marks[offered.stream] = Mark(0, min(mark.as_of, offered.position))
        self.then[offered.stream] = Mark(offered.position)
        self.complete = False

    def read(self, stream: Stream, mark: Mark) -> None:
        """Send the rows of *stream* above *mark*, as far as there is room."""
        rows = sorted((p, key, r) for key, (p, r) in self.now.rows[stream].items() if p > mark.position)
        sent, self.left = rows[: self.left], max(0, self.left - len(rows))
        if len(sent) == len(rows):
            self.marks[stream] = Mark(self.now.position)
        else:
            self.complete = False
            if sent or mark.position:
                self.marks[stream] = Mark(sent[-1][0] if sent else mark.position, mark.as_of)
        put = [[p, record] for p, _, record in sent if record is not None]
        gone = [[p, key] for p, key, record in sent if record is None]
        if sent:
            self.changes.append({"channel": stream[0], "collection": stream[1], "put": put, "gone": gone})

    def as_wire(self, reset: str | None, drop: list[Stream], server_time: str) -> dict[str, Any]:
        """Return the page as it travels."""
        now = self.now
        cursor = Cursor(now.epoch, now.position, self.marks)
        then = Cursor(now.epoch, now.position, {**self.marks, **self.then})
        check = Checksum.total(now.checksum(stream) for stream in self.marks).as_wire()
        return {
            "epoch": now.epoch, "cursor": cursor.encode(), "complete": self.complete, "head": now.position,
            "reset": reset, "drop": [list(stream) for stream in drop], "changes": self.changes,
            "segments": self.offers, "then": then.encode() if self.then else None,
            "check": check if self.complete else None, "server_time": server_time, "poll_after": 60,
        }  # fmt: skip
