"""Verification by a test's replica: compare streams, then key ranges, then rows, with any server's verify."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, hash_text
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange
from tests.unit.sync.minimal_replica import Json, MinimalReplica

Ask = Callable[[dict[str, Any]], Json]
"""`POST /v1/verify`, decoded on both sides."""
Hashes = Callable[[Stream, KeyRange], dict[str, int]]
"""Returns the row hash of every key of a stream within a range, as the replica has them."""
MAX_STEPS = 1000


def repair_replica(replica: MinimalReplica, ask: Ask, schema: int) -> None:
    """Verify until nothing differs any more, or until the server requires a pull first."""
    cursor = replica.cursor
    requests = [first_request(replica.sums())]
    for _ in range(MAX_STEPS):
        if not requests:
            return
        reply = ask({"cursor": cursor, "schema": schema, **requests.pop()})
        if not replica.apply_repairs(reply, cursor) or reply["pull_first"] or replica.cursor != cursor:
            return
        requests += next_requests(reply["ranges"], replica.hashes_of)
    raise AssertionError("the server finds differences forever")


def first_request(sums: Json) -> dict[str, Any]:
    """Return the request that compares whole streams; *sums* are their checksums."""
    return {"sums": [named(stream) | checksum.as_wire() for stream, checksum in sorted(sums.items())]}


def next_requests(ranges: Iterable[Json], hashes: Hashes) -> Iterator[dict[str, Any]]:
    """Yield the requests that follow *ranges*: those that differ are split, or sent row by row if small."""
    split: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for part in ranges:
        stream, range = (part["channel"], part["collection"]), KeyRange(part["from"], part["to"])
        own = hashes(stream, range)
        if Checksum.of(own.values()) == Checksum(part["count"], int(part["sum"], 16)):
            continue
        if part["count"] > LIMITS.verify_rows:
            split.append(named(stream, range))
        else:
            rows += [named(stream, piece) | {"rows": pairs} for piece, pairs in _pieces(range, own)]
    yield from ({"split": group} for group in _groups(split, LIMITS.verify_ranges))
    yield from ({"rows": group} for group in _groups(rows, LIMITS.verify_ranges))


def named(stream: Stream, range: KeyRange | None = None) -> dict[str, Any]:
    """Return *stream*, and *range* if there is one, as they travel."""
    name = {"channel": stream[0], "collection": stream[1]}
    return name if range is None else {**name, "from": range.start, "to": range.end}


def _pieces(range: KeyRange, own: dict[str, int]) -> Iterator[tuple[KeyRange, list[Any]]]:
    """Cut a range into pieces in which the replica has few enough rows for one request."""
    groups = list(_groups(sorted(own.items()), LIMITS.verify_rows)) or [[]]
    bounds = [range.start, *(group[0][0] for group in groups[1:]), range.end]
    for n, group in enumerate(groups):
        yield KeyRange(bounds[n] or "", bounds[n + 1]), [[key, hash_text(value)] for key, value in group]


def _groups(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
