"""The feed as a model: compacted rows, streams, grants, epochs, segments, by the rules the device relies on."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sync_protocol.canonical import canonical
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, record_hash
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE
from sync_protocol.segment import KeyRange, encode, name_of

Rows = dict[tuple[Stream, str], tuple[int, dict[str, Any] | None]]


@dataclass(frozen=True)
class Set:
    """The segments of one stream at one position: (range, rows, name)."""

    position: int
    segments: list[tuple[KeyRange, int, str]]


@dataclass
class State:
    """What a backup holds."""

    position: int = 0
    rows: Rows = field(default_factory=dict)
    floors: dict[Stream, int] = field(default_factory=dict)
    sets: dict[Stream, Set] = field(default_factory=dict)
    """On offer."""
    retired: dict[Stream, list[Set]] = field(default_factory=dict)
    """Not on offer any more; their files are still there."""


class Feed:
    """The streams of one rep; `limit` is the most rows of a page."""

    def __init__(self) -> None:
        self.epoch = "e1"
        self.state = State()
        self.files: dict[str, bytes] = {}
        self.granted: list[Stream] = []
        self.server_time = "2026-11-23T09:00:00Z"

    @property
    def position(self) -> int:
        return self.state.position

    @property
    def rows(self) -> Rows:
        return self.state.rows

    def _next(self) -> int:
        self.state.position += 1
        return self.state.position

    def grant(self, *streams: Stream) -> None:
        self._next()
        self.granted += [stream for stream in streams if stream not in self.granted]

    def revoke(self, stream: Stream) -> None:
        self._next()
        if stream in self.granted:
            self.granted.remove(stream)

    def put(self, channel: str, collection: str, key: str, record: Mapping[str, Any]) -> None:
        """Write a record; where it lives in another channel it moves.

        The tombstone comes now before the put and now after it: a device must bear both.
        """
        tombstone_first = self._next() % 2 == 0
        if tombstone_first:
            self._leave(collection, key, except_for=channel)
        self.rows[(channel, collection), key] = (self.position, dict(record))
        if not tombstone_first:
            self._next()
            self._leave(collection, key, except_for=channel)

    def gone(self, collection: str, key: str) -> None:
        self._next()
        self._leave(collection, key, except_for=None)

    def _leave(self, collection: str, key: str, except_for: str | None) -> None:
        for (stream, other), (_, record) in list(self.rows.items()):
            same = stream[1] == collection and other == key and record is not None
            if same and stream[0] != except_for:
                self.rows[stream, key] = (self.position, None)
                self._next()

    def collect(self, stream: Stream) -> None:
        """Delete tombstones of *stream* that no segment needs: devices without them start again."""
        state = self.state
        living = [*state.retired.get(stream, []), *([state.sets[stream]] if stream in state.sets else [])]
        floor = min([self.position, *(set.position for set in living)])
        state.floors[stream] = max(floor, state.floors.get(stream, 0))
        state.rows = {
            at: row
            for at, row in self.rows.items()
            if at[0] != stream or row[1] is not None or row[0] > state.floors[stream]
        }

    def build(self, stream: Stream, size: int = 2) -> None:
        """Offer *stream* as it is now in segments of *size* rows; what was on offer before is retired."""
        self.retire(stream)
        live = sorted((key, row) for key, _, row in self.live_in(stream))
        starts = ["", *(live[n][0] for n in range(size, len(live), size))]
        segments = []
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            part = KeyRange(start, end)
            rows = [(key, canonical(record).decode()) for key, record in live if key in part]
            data = encode(stream, part, rows)
            self.files[name_of(data)] = data
            segments.append((part, len(rows), name_of(data)))
        self.state.sets[stream] = Set(self.position, segments)

    def retire(self, stream: Stream) -> None:
        """Stop offering *stream* in segments; the files stay."""
        if stream in self.state.sets:
            self.state.retired.setdefault(stream, []).append(self.state.sets.pop(stream))

    def discard(self) -> None:
        """Delete the files that are not on offer any more."""
        self.state.retired.clear()
        kept = {name for set in self.state.sets.values() for _, _, name in set.segments}
        self.files = {name: data for name, data in self.files.items() if name in kept}

    def saved(self) -> State:
        """Return what a backup would hold."""
        return copy.deepcopy(self.state)

    def restore(self, backup: State) -> None:
        """Go back to a backup, as a new epoch. Positions are issued again, as after a real restore."""
        self.state = copy.deepcopy(backup)
        self.epoch = f"e{int(self.epoch[1:]) + 1}"

    def live_in(self, stream: Stream) -> list[tuple[str, int, dict[str, Any]]]:
        """Return (key, position, record) of the live records of *stream*, by key."""
        return sorted(
            (key, position, record)
            for (other, key), (position, record) in self.rows.items()
            if other == stream and record is not None
        )

    def live(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what a complete replica must hold."""
        return {(s[1], key): record for s in self.granted for key, _, record in self.live_in(s)}

    def checksum(self, streams: Iterable[Stream]) -> Checksum:
        """Return the checksum of *streams* together."""
        return Checksum.of(
            record_hash(stream[1], key, record) for stream in streams for key, _, record in self.live_in(stream)
        )

    def page(self, cursor_text: str | None, limit: int = 1000) -> dict[str, Any]:
        asked = decode_cursor(cursor_text) if cursor_text else Cursor(self.epoch)
        reset, held = None, asked
        if asked.epoch != self.epoch:
            whole = [s for s, mark in asked.marks.items() if mark.position >= mark.as_of and mark.position]
            held = Cursor(self.epoch, self.position, {s: Mark(self.position) for s in whole})
            reset = RESET_REBASE if held.marks else RESET_EPOCH
        kept = {
            stream: mark
            for stream, mark in held.marks.items()
            if stream in self.granted and mark.covered >= self.state.floors.get(stream, 0)
        }
        drop = [] if reset == RESET_EPOCH else sorted(set(asked.marks) - set(kept))
        changes, offers, complete = [], [], True
        marks: dict[Stream, Mark] = {}
        then: dict[Stream, Mark] = {}
        for stream in self.granted:
            mark = kept.get(stream, Mark(0, self.position))
            rows = self._above(stream, mark.position)
            if rows and not mark.position and stream in self.state.sets:
                offered = self.state.sets[stream]
                offers += [self._offer(stream, offered.position, *segment) for segment in offered.segments]
                marks[stream] = Mark(0, min(mark.as_of, offered.position))
                then[stream] = Mark(offered.position)
                complete = False
                continue
            taken = rows[: max(0, limit)]
            limit -= len(taken)
            if len(taken) == len(rows):
                marks[stream] = Mark(self.position)
            else:
                complete = False
                if taken:
                    marks[stream] = Mark(taken[-1][0], mark.as_of)
                elif stream in kept:
                    marks[stream] = mark
            if taken:
                changes.append(
                    {
                        "channel": stream[0],
                        "collection": stream[1],
                        "put": [[p, record] for p, _, record in taken if record is not None],
                        "gone": [[p, key] for p, key, record in taken if record is None],
                    }
                )
        return {
            "epoch": self.epoch,
            "cursor": Cursor(self.epoch, self.position, marks).encode(),
            "complete": complete,
            "head": self.position,
            "reset": reset,
            "drop": [list(stream) for stream in drop],
            "changes": changes,
            "segments": offers,
            "then": Cursor(self.epoch, self.position, {**marks, **then}).encode() if then else None,
            "check": self.checksum(marks).as_wire() if complete else None,
            "server_time": self.server_time,
            "poll_after": 60,
        }

    def _above(self, stream: Stream, position: int) -> list[tuple[int, str, dict[str, Any] | None]]:
        found = [(p, key, row) for (s, key), (p, row) in self.rows.items() if s == stream and p > position]
        return sorted(found, key=lambda row: row[0])

    def _offer(self, stream: Stream, position: int, range: KeyRange, rows: int, name: str) -> dict[str, Any]:
        return {
            "channel": stream[0], "collection": stream[1], "priority": 2, "from": range.start, "to": range.end,
            "sha256": name, "bytes": len(self.files[name]) if name in self.files else 1, "rows": rows,
            "position": position, "url": None,
        }  # fmt: skip
