"""The answer to a verification under way: rows that are JSON text already and are joined, never parsed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row

from backend.feed.mismatches import Mismatch
from backend.feed.ranges import Part
from backend.sync.verify_request import HeldSums
from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum
from sync_protocol.cursor import Cursor
from sync_protocol.segment import KeyRange

StoredRow = Row[str, int, int | None, str | None]
"""(key, position, hash, body)"""


@dataclass
class VerifyReply:
    """What the answer will say. *budget* is what is left of the size of its rows."""

    cursor: Cursor
    budget: int
    drop: set[Stream] = field(default_factory=set)
    pull_first: set[Stream] = field(default_factory=set)
    _noted: dict[Stream, Mismatch] = field(default_factory=dict)
    _ranges: list[tuple[Stream, Part]] = field(default_factory=list)
    _repairs: dict[Stream, tuple[list[str], list[str]]] = field(default_factory=dict)

    def resync(self, stream: Stream) -> None:
        """Let the device drop *stream*, which it hears, and read it from the start."""
        self.drop.add(stream)
        self.note(Mismatch(stream, resynced=True))

    def ask_parts(self, stream: Stream, parts: Iterable[Part]) -> None:
        """Let the device compare *parts* with its own."""
        self._ranges += ((stream, part) for part in parts)

    def repair(self, stream: Stream, range: KeyRange, rows: Iterable[StoredRow], held: HeldSums) -> None:
        """Name the rows in which *held* differs from *rows*, which are all there are in *range*.

        If the answer is full already, the device is told what is in the range instead, and asks again.
        """
        stored = {row.key: row for row in rows}
        differing = [row for row in stored.values() if (row.hash or 0) % MODULUS != held.get(row.key)]
        surplus = sorted(held.keys() - stored.keys())
        if not differing and not surplus:
            return
        if self.budget <= 0:
            whole = Checksum.of((row.hash or 0) % MODULUS for row in stored.values())
            self.ask_parts(stream, [Part(range, whole)])
            return
        put, gone = self._repairs.setdefault(stream, ([], []))
        put += (f"[{row.position},{row.body}]" for row in differing)
        gone += surplus
        self.budget -= sum(len(row.body) + 16 for row in differing) + sum(len(key) + 16 for key in surplus)
        stale = sum(row.key in held for row in differing)
        self.note(Mismatch(stream, stale, len(differing) - stale, len(surplus)))

    def note(self, mismatch: Mismatch) -> None:
        """Remember that a stream differs."""
        before = self._noted.get(mismatch.stream)
        self._noted[mismatch.stream] = before + mismatch if before else mismatch

    def noted(self) -> list[Mismatch]:
        """Return what was noted, one mismatch a stream."""
        return list(self._noted.values())

    def render(self) -> bytes:
        """Return the answer as it travels."""
        marks = {stream: mark for stream, mark in self.cursor.marks.items() if stream not in self.drop}
        changed = len(marks) < len(self.cursor.marks)
        cursor = Cursor(self.cursor.epoch, self.cursor.seen, marks).encode() if changed else None
        # A stream that begins again is not mended: what the device gets of it, it would have no cursor for.
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
    where = {"channel": stream[0], "collection": stream[1], "from": part.range.start, "to": part.range.end}
    return where | part.checksum.as_wire()


def _repair(stream: Stream, put: list[str], gone: list[str]) -> str:
    channel, collection, keys = (
        json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in (*stream, gone)
    )
    return f'{{"channel":{channel},"collection":{collection},"put":[{",".join(put)}],"gone":{keys}}}'
