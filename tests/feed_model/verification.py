"""One step of a verification by the model (`POST /v1/verify`)."""

from collections.abc import Mapping
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, hash_text, record_hash
from sync_protocol.cursor import Cursor
from sync_protocol.segment import KeyRange
from tests.feed_model.state import State

MAX_ROW_DIFFERENCE = 1000
"""A stream that differs by more rows than this, and by more than a quarter, is read from the start."""


class Verification:
    """The reply to one step, for a rep who may read *granted*."""

    def __init__(self, now: State, cursor: Cursor, granted: set[Stream], max_rows: int, max_parts: int) -> None:
        self.now, self.cursor, self.subscribed = now, cursor, granted & cursor.marks.keys()
        self.max_rows, self.max_parts = max_rows, max_parts
        self.drop: list[Stream] = []
        self.pull_first: list[Stream] = []
        self.ranges: list[Any] = []
        self.repairs: list[Any] = []

    def reply(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the reply to *request*; the shapes of both are those of `sync_protocol.verify`."""
        if request.get("sums") is not None:
            sums = {_stream(s): Checksum(s["count"], int(s["sum"], 16)) for s in request["sums"]}
            for stream in sorted(sums.keys() | self.cursor.marks.keys()):
                if self._is_comparable(stream):
                    self._compare(stream, sums.get(stream, Checksum()))
        for part in request.get("split") or []:
            if self._is_comparable(_stream(part)):
                self._split(_stream(part), _range(part))
        for part in request.get("rows") or []:
            if self._is_comparable(_stream(part)):
                assert len(part["rows"]) <= self.max_rows, "a range has more rows than one request may hold"
                self._repair(_stream(part), _range(part), dict(part["rows"]))
        marks = {s: mark for s, mark in self.cursor.marks.items() if s not in self.drop}
        cursor = None
        if len(marks) < len(self.cursor.marks):
            cursor = Cursor(self.cursor.epoch, self.cursor.seen, marks).encode()
        return {
            "epoch": self.now.epoch, "cursor": cursor, "drop": [list(stream) for stream in self.drop],
            "pull_first": [list(stream) for stream in self.pull_first], "ranges": self.ranges,
            "repairs": self.repairs,
        }  # fmt: skip

    def _is_comparable(self, stream: Stream) -> bool:
        if stream not in self.subscribed:
            self._drop(stream)
            return False
        mark = self.cursor.marks[stream]
        behind = mark.position < self.now.head_of(stream) or mark.covered < self.now.floors.get(stream, 0)
        if behind and stream not in self.pull_first:
            self.pull_first.append(stream)
        return not behind

    def _drop(self, stream: Stream) -> None:
        if stream not in self.drop:
            self.drop.append(stream)

    def _compare(self, stream: Stream, checksum: Checksum) -> None:
        ours = self.now.checksum(stream)
        if abs(ours.count - checksum.count) > max(MAX_ROW_DIFFERENCE, ours.count // 4):
            self._drop(stream)
        elif ours != checksum:
            self._divide(stream, KeyRange())

    def _split(self, stream: Stream, range: KeyRange) -> None:
        """Split a range. One that cannot be split would be sent forever, so its stream starts again."""
        if sum(key in range for key in self.now.live(stream)) > self.max_rows:
            self._divide(stream, range)
        else:
            self._drop(stream)

    def _divide(self, stream: Stream, range: KeyRange) -> None:
        live = self.now.live(stream)
        keys = sorted(key for key in live if key in range)
        step = -(-len(keys) // self.max_parts) if len(keys) > self.max_rows else len(keys) + 1
        starts = [range.start, *keys[step::step]]
        for start, end in zip(starts, [*starts[1:], range.end], strict=True):
            part = KeyRange(start, end)
            sum = Checksum.of(record_hash(stream[1], key, live[key]) for key in keys if key in part)
            self.ranges.append({**_named(stream), "from": start, "to": end, **sum.as_wire()})

    def _repair(self, stream: Stream, range: KeyRange, device_hashes: Mapping[str, str]) -> None:
        rows = {
            key: row
            for key, row in self.now.rows.get(stream, {}).items()
            if key in range and row[1] is not None
        }
        differing = {
            key
            for key, row in rows.items()
            if device_hashes.get(key) != hash_text(record_hash(stream[1], key, row[1]))
        }
        put = [list(rows[key]) for key in sorted(differing)]
        gone = sorted(device_hashes.keys() - rows.keys())
        if put or gone:
            self.repairs.append({**_named(stream), "put": put, "gone": gone})


def _named(stream: Stream) -> dict[str, Any]:
    return {"channel": stream[0], "collection": stream[1]}


def _stream(named: Mapping[str, Any]) -> Stream:
    return named["channel"], named["collection"]


def _range(named: Mapping[str, Any]) -> KeyRange:
    return KeyRange(named["from"], named["to"])
