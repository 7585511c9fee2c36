"""Build the reply to one verification step. Its rows are JSON text already; they are joined and never parsed.

As it travels (`sync_protocol.verify.VerifyReplySchema`):

    {"epoch": "…", "cursor": "…" or null,             a new cursor if `drop` changed it
     "drop": [[channel, collection]],                  streams to delete
     "pull_first": [[channel, collection]],            streams that have changed since the cursor
     "ranges": [{channel, collection, from, to, count, sum}],
     "repairs": [{channel, collection, "put": [[position, record]], "gone": [key]}]}
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from backend.feed.mismatches import Mismatch
from backend.feed.ranges import Part
from backend.sync.verify_request import RowHashes
from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum
from sync_protocol.cursor import Cursor
from sync_protocol.segment import KeyRange

StoredRow = Row[str, int, int | None, str | None]
"""(key, position, hash, body)"""


@dataclass
class VerifyReply:
    """Collect the contents of the reply. *budget* is the number of bytes left for rows."""

    cursor: Cursor
    budget: int
    drop: set[Stream] = field(default_factory=set)
    pull_first: set[Stream] = field(default_factory=set)
    _mismatches: dict[Stream, Mismatch] = field(default_factory=dict)
    _ranges: list[tuple[Stream, Part]] = field(default_factory=list)
    _repairs: dict[Stream, tuple[list[str], list[str]]] = field(default_factory=dict)

    def resync(self, stream: Stream) -> None:
        """Tell the device to drop *stream* and read it from the start."""
        self.drop.add(stream)
        self.add_mismatch(Mismatch(stream, resynced=True))

    def ask_parts(self, stream: Stream, parts: Iterable[Part]) -> None:
        """Ask the device to compare *parts* with its own rows."""
        self._ranges += ((stream, part) for part in parts)

    def repair(
        self, stream: Stream, range: KeyRange, rows: Iterable[StoredRow], device_rows: RowHashes
    ) -> None:
        """Add the rows in which *device_rows* differs from *rows*, which are all rows of *stream* in *range*.

        If the reply is full already, add the checksum of the range instead, so that the device asks again.
        """
        stored = {row.key: row for row in rows}
        differing = [row for row in stored.values() if (row.hash or 0) % MODULUS != device_rows.get(row.key)]
        surplus = sorted(device_rows.keys() - stored.keys())
        if not differing and not surplus:
            return
        if self.budget <= 0:
            total = Checksum.of((row.hash or 0) % MODULUS for row in stored.values())
            self.ask_parts(stream, [Part(range, total)])
            return
        put, gone = self._repairs.setdefault(stream, ([], []))
        put += (f"[{row.position},{row.body}]" for row in differing)
        gone += surplus
        self.budget -= sum(len(row.body) + 16 for row in differing) + sum(len(key) + 16 for key in surplus)
        stale = sum(row.key in device_rows for row in differing)
        self.add_mismatch(Mismatch(stream, stale, len(differing) - stale, len(surplus)))

    def add_mismatch(self, mismatch: Mismatch) -> None:
        """Record that a stream differs."""
        before = self._mismatches.get(mismatch.stream)
        self._mismatches[mismatch.stream] = before + mismatch if before else mismatch

    def mismatches(self) -> list[Mismatch]:
        """Return the mismatches, one per stream."""
        return list(self._mismatches.values())

    def render(self) -> bytes:
        """Return the reply as JSON."""
        marks = {stream: mark for stream, mark in self.cursor.marks.items() if stream not in self.drop}
        changed = len(marks) < len(self.cursor.marks)
        cursor = Cursor(self.cursor.epoch, self.cursor.seen, marks).encode() if changed else None
        # A stream that starts again gets no repairs: the device would have no cursor for their rows.
        repairs = [(stream, *rows) for stream, rows in self._repairs.items() if stream not in self.drop]
        value = {
            "epoch": self.cursor.epoch,
            "cursor": cursor,
            "drop": sorted(self.drop),
            "pull_first": sorted(self.pull_first),
            "ranges": [_part(stream, part) for stream, part in self._ranges if stream not in self.drop],
        }
        before = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return f'{before[:-1]},"repairs":[{",".join(_repair(*repair) for repair in repairs)}]}}'.encode()


def _part(stream: Stream, part: Part) -> dict[str, Any]:
    range = {"channel": stream[0], "collection": stream[1], "from": part.range.start, "to": part.range.end}
    return range | part.checksum.as_wire()


def _repair(stream: Stream, put: list[str], gone: list[str]) -> str:
    channel, collection, keys = (
        json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in (*stream, gone)
    )
    return f'{{"channel":{channel},"collection":{collection},"put":[{",".join(put)}],"gone":{keys}}}'
