"""What a backup of the model holds: rows, tombstones, floors and sets of segments."""

from dataclasses import dataclass, field, replace
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, record_hash
from sync_protocol.segment import KeyRange

Rows = dict[str, tuple[int, Any]]
"""(position, record or None for a tombstone) by key."""


@dataclass
class SegmentSet:
    """The segments of one stream at one position: (range, name, bytes, rows) each."""

    stream: Stream
    position: int
    segments: list[tuple[KeyRange, str, int, int]]
    retired: bool = False
    """Whether it is offered no more; its files may still be fetched."""


@dataclass
class State:
    """The feed at one moment."""

    epoch: str = "epoch0"
    position: int = 0
    rows: dict[Stream, Rows] = field(default_factory=dict)
    floors: dict[Stream, int] = field(default_factory=dict)
    sets: list[SegmentSet] = field(default_factory=list)

    def copy(self) -> "State":
        """Return a state of its own; records are never changed in place."""
        rows = {stream: dict(stream_rows) for stream, stream_rows in self.rows.items()}
        sets = [replace(segment_set) for segment_set in self.sets]
        return State(self.epoch, self.position, rows, dict(self.floors), sets)

    def head_of(self, stream: Stream) -> int:
        """Return the newest position that the stream ever had, deleted tombstones included."""
        newest = max((position for position, _ in self.rows.get(stream, {}).values()), default=0)
        return max(newest, self.floors.get(stream, 0))

    def live(self, stream: Stream) -> dict[str, Any]:
        """Return the records of *stream* by key, without tombstones."""
        return {key: row[1] for key, row in self.rows.get(stream, {}).items() if row[1] is not None}

    def checksum(self, stream: Stream) -> Checksum:
        """Return the checksum of the live records of *stream*."""
        return Checksum.of(record_hash(stream[1], key, record) for key, record in self.live(stream).items())

    def offered(self, stream: Stream) -> SegmentSet | None:
        """Return the set of *stream* that pages offer."""
        return next((s for s in self.sets if s.stream == stream and not s.retired), None)
