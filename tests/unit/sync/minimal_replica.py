"""The rules of a device in one screen, in plain dictionaries: pages, segments, repairs, the checksum.

Everything arrives as decoded JSON (segments as their bytes), so that it serves any server: the real one,
and the model of one that the deep search uses.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, record_hash
from sync_protocol.limits import LIMITS
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE
from sync_protocol.segment import KeyRange, decode

Ref = tuple[str, str]
"""(collection, key)"""
Row = tuple[str, int, Any]
"""(channel, position, record)"""
Json = Mapping[str, Any]
EVERY_KEY = KeyRange()


class MinimalReplica:
    """A row per (collection, key), the cursor, and the offers of the last page."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.rows: dict[Ref, Row] = {}
        self.offers: list[Json] = []
        self.then: str | None = None
        self.rebased = False
        """The rows are of another epoch and not confirmed yet."""
        self._applied: dict[tuple[Stream, str, str | None], tuple[str, int]] = {}
        """Of streams not yet whole: the (name, position) that was applied last for a key range."""

    def apply_page(self, page: Json, cursor_sent: str | None) -> bool:
        """Apply *page* if *cursor_sent* is still the cursor; return whether it was."""
        if cursor_sent != self.cursor:
            return False
        if page["reset"] == RESET_EPOCH:
            self.rows.clear()
            self._applied.clear()
        elif page["reset"] == RESET_REBASE:
            self.rows = {ref: (row[0], page["head"], row[2]) for ref, row in self.rows.items()}
            self.rebased = True
        self._drop(page["drop"])
        for change in page["changes"]:
            channel, collection = change["channel"], change["collection"]
            for position, record in change["put"]:
                self._put((collection, record["id"]), (channel, position, record))
            for position, key in change["gone"]:
                held_row = self.rows.get((collection, key))
                if held_row and held_row[0] == channel and held_row[1] < position:
                    del self.rows[collection, key]
        self.cursor, self.then = page["cursor"], page["then"]
        self.offers = [segment for segment in page["segments"] if not self._has(segment)]
        self._finish()
        return True

    def apply_segment(self, description: Json, data: bytes) -> bool:
        """Apply the segment *description* if it is still offered; raises `SegmentDamaged`."""
        if description not in self.offers:
            return False
        segment = decode(data, sha256=description["sha256"], most=LIMITS.segment_plain_bytes)
        stream, within = _stream(description), KeyRange(description["from"], description["to"])
        assert (segment.stream, segment.range) == (stream, within), "the segment does not match its offer"
        records = {key: json.loads(body) for key, body in segment.rows}
        for (collection, key), (channel, position, _) in list(self.rows.items()):
            lacks = key in within and key not in records and position <= description["position"]
            if (channel, collection) == stream and lacks:
                del self.rows[collection, key]
        for key, record in records.items():
            self._put((stream[1], key), (stream[0], description["position"], record))
        self._applied[stream, within.start, within.end] = (description["sha256"], description["position"])
        self.offers.remove(description)
        self._finish()
        return True

    def apply_repairs(self, reply: Json, cursor_sent: str | None) -> bool:
        """Apply the reply of a verification if *cursor_sent* is still the cursor; return whether it was."""
        if cursor_sent != self.cursor:
            return False
        self._drop(reply["drop"])
        for repair in reply["repairs"]:
            channel, collection = repair["channel"], repair["collection"]
            for position, record in repair["put"]:
                self.rows[collection, record["id"]] = (channel, position, record)
            for key in repair["gone"]:
                if (collection, key) in self.rows and self.rows[collection, key][0] == channel:
                    del self.rows[collection, key]
        if reply["cursor"]:
            self.cursor, self.then, self.offers = reply["cursor"], None, []
        return True

    def start_again(self) -> None:
        """Delete everything, as on the first day."""
        self.rows.clear()
        self._applied.clear()
        self.cursor, self.then, self.offers, self.rebased = None, None, [], False

    def hashes_of(self, stream: Stream, within: KeyRange = EVERY_KEY) -> dict[str, int]:
        """Return the row hash of every key of *stream* in the range *within*."""
        return {key: hash for of, key, hash in self._hashes() if of == stream and key in within}

    def sums(self) -> dict[Stream, Checksum]:
        """Return the checksum of every stream with rows."""
        sums: dict[Stream, list[int]] = {}
        for stream, _, hash in self._hashes():
            sums.setdefault(stream, []).append(hash)
        return {stream: Checksum.of(hashes) for stream, hashes in sums.items()}

    def equals(self, check: Json) -> bool:
        """Return whether the rows add up to *check* of a complete page."""
        return Checksum.total(self.sums().values()).as_wire() == dict(check)

    def _hashes(self) -> Iterator[tuple[Stream, str, int]]:
        for (collection, key), (channel, _, record) in self.rows.items():
            yield (channel, collection), key, record_hash(collection, key, record)

    def _put(self, ref: Ref, row: Row) -> None:
        if ref not in self.rows or self.rows[ref][1] < row[1]:
            self.rows[ref] = row

    def _drop(self, streams: Any) -> None:
        dropped = {(channel, collection) for channel, collection in streams}
        self.rows = {ref: row for ref, row in self.rows.items() if (row[0], ref[0]) not in dropped}
        self._applied = {of: what for of, what in self._applied.items() if of[0] not in dropped}

    def _has(self, description: Json) -> bool:
        what = (description["sha256"], description["position"])
        return self._applied.get((_stream(description), description["from"], description["to"])) == what

    def _finish(self) -> None:
        """Replace the cursor with `then` once every offered segment is applied."""
        if self.then and not self.offers:
            self.cursor, self.then = self.then, None
            self._applied.clear()


def _stream(named: Json) -> Stream:
    return named["channel"], named["collection"]
