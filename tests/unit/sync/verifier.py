"""A minimal client of verification: it derives the next requests and applies the repairs."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, hash_text, record_hash
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange

Rows = dict[Stream, dict[str, int]]
"""Hashes by key, by stream."""
Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Sends a request and returns the reply."""


class Verifier:
    """A replica that knows only the hashes of its rows; `records` are those sent as repairs."""

    def __init__(self, rows: Rows, cursor: str) -> None:
        self.rows, self.cursor = rows, cursor
        self.steps = 0
        self.records: dict[tuple[Stream, str], Any] = {}
        self.dropped: list[Stream] = []
        self.pull_first: list[Stream] = []

    def verify(self, ask: Ask) -> None:
        """Verify until nothing is left to request; apply the repairs."""
        asking = [{"sums": [wire(stream) | of(held).as_wire() for stream, held in sorted(self.rows.items())]}]
        while asking:
            self.steps += 1
            reply = ask({"cursor": self.cursor, **asking.pop()})
            self.cursor = reply["cursor"] or self.cursor
            self.pull_first += map(tuple, reply["pull_first"])
            for stream in map(tuple, reply["drop"]):
                self.rows.pop(stream, None)
                self.dropped.append(stream)
            for repair in reply["repairs"]:
                self._repair(repair)
            asking += self._next(reply["ranges"])
            assert self.steps < 1_000

    def _repair(self, repair: dict[str, Any]) -> None:
        stream = (repair["channel"], repair["collection"])
        for key in repair["gone"]:
            del self.rows[stream][key]
        for _, record in repair["put"]:
            self.records[stream, record["id"]] = record
            self.rows.setdefault(stream, {})[record["id"]] = hash_of(stream, record)

    def _next(self, parts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the next requests: ranges that differ are split, or sent row by row if they are small."""
        split, rows = [], []
        ordered = {stream: sorted(self.rows.get(stream, ())) for stream in {stream_of(part) for part in parts}}
        for part in parts:
            keys = KeyRange(part["from"], part["to"])
            held = _within(self.rows.get(stream_of(part), {}), ordered[stream_of(part)], keys)
            if of(held) == Checksum(part["count"], int(part["sum"], 16)):
                continue
            if part["count"] > LIMITS.verify_rows:
                split.append(wire(stream_of(part), keys))
            else:
                rows += [wire(stream_of(part), piece) | {"rows": told} for piece, told in _pieces(keys, held)]
        yield from ({"split": some} for some in _at_most(split, LIMITS.verify_ranges))
        yield from ({"rows": some} for some in _at_most(rows, LIMITS.verify_ranges))


def _within(rows: dict[str, int], ordered: list[str], keys: KeyRange) -> dict[str, int]:
    end = len(ordered) if keys.end is None else bisect_left(ordered, keys.end)
    return {key: rows[key] for key in ordered[bisect_left(ordered, keys.start) : end]}


def _pieces(keys: KeyRange, held: dict[str, int]) -> Iterator[tuple[KeyRange, list[Any]]]:
    """Cut a range into pieces in which the device has few enough rows for one request."""
    groups = list(_at_most(sorted(held.items()), LIMITS.verify_rows)) or [[]]
    bounds = [keys.start, *(group[0][0] for group in groups[1:]), keys.end]
    for n, group in enumerate(groups):
        yield KeyRange(bounds[n] or "", bounds[n + 1]), [[key, hash_text(value)] for key, value in group]


def _at_most(items: list[Any], most: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), most):
        yield items[start : start + most]


def of(held: dict[str, int]) -> Checksum:
    return Checksum.of(held.values())


def hash_of(stream: Stream, record: Any) -> int:
    return record_hash(stream[1], record["id"], record)


def wire(stream: Stream, keys: KeyRange | None = None) -> dict[str, Any]:
    named = {"channel": stream[0], "collection": stream[1]}
    return named if keys is None else {**named, "from": keys.start, "to": keys.end}


def stream_of(value: dict[str, Any]) -> Stream:
    return value["channel"], value["collection"]


def rows_of(replica: Iterable[tuple[tuple[str, str], tuple[str, int, Any]]]) -> Rows:
    """Return the hashes of what `tests.unit.sync.replica.Replica.rows` holds, given as its items."""
    rows: Rows = {}
    for (collection, key), (channel, _, record) in replica:
        stream = (channel, collection)
        rows.setdefault(stream, {})[key] = hash_of(stream, record)
    return rows
