"""A replica that knows only the hashes of its rows, so that a test may have a hundred thousand of them."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, record_hash
from sync_protocol.segment import KeyRange
from tests.unit.sync.repair import first_request, next_requests

Rows = dict[Stream, dict[str, int]]
"""Hashes by key, by stream."""
Ask = Callable[[dict[str, Any]], dict[str, Any]]
"""Sends a request and returns the reply."""


class Verifier:
    """`rows` are the hashes that it has, `records` the rows that it was sent as repairs."""

    def __init__(self, rows: Rows, cursor: str) -> None:
        self.rows, self.cursor = rows, cursor
        self.steps = 0
        self.records: dict[tuple[Stream, str], Any] = {}
        self.dropped: list[Stream] = []
        self.pull_first: list[Stream] = []
        self._sorted: dict[Stream, list[str]] = {}

    def verify(self, ask: Ask) -> None:
        """Verify until nothing is left to request; apply the repairs."""
        requests = [first_request({stream: Checksum.of(own.values()) for stream, own in self.rows.items()})]
        while requests:
            self.steps += 1
            reply = ask({"cursor": self.cursor, **requests.pop()})
            self.cursor = reply["cursor"] or self.cursor
            self.pull_first += map(tuple, reply["pull_first"])
            for stream in map(tuple, reply["drop"]):
                self.rows.pop(stream, None)
                self.dropped.append(stream)
            for repair in reply["repairs"]:
                self._repair(repair)
            self._sorted = {stream: sorted(own) for stream, own in self.rows.items()}
            requests += next_requests(reply["ranges"], self._within)
            assert self.steps < 1_000

    def _repair(self, repair: dict[str, Any]) -> None:
        stream = (repair["channel"], repair["collection"])
        for key in repair["gone"]:
            del self.rows[stream][key]
        for _, record in repair["put"]:
            self.records[stream, record["id"]] = record
            self.rows.setdefault(stream, {})[record["id"]] = _hash_of(stream, record)

    def _within(self, stream: Stream, range: KeyRange) -> dict[str, int]:
        own, keys = self.rows.get(stream, {}), self._sorted.get(stream, [])
        end = len(keys) if range.end is None else bisect_left(keys, range.end)
        return {key: own[key] for key in keys[bisect_left(keys, range.start) : end]}


def _hash_of(stream: Stream, record: Any) -> int:
    return record_hash(stream[1], record["id"], record)


def rows_of(replica: Iterable[tuple[tuple[str, str], tuple[str, int, Any]]]) -> Rows:
    """Return the hashes of what `tests.unit.sync.replica.Replica.rows` holds, given as its items."""
    rows: Rows = {}
    for (collection, key), (channel, _, record) in replica:
        stream = (channel, collection)
        rows.setdefault(stream, {})[key] = _hash_of(stream, record)
    return rows
