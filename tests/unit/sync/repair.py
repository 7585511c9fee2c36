"""Repair the minimal replica: compare streams, then key ranges, then rows, with any server's verify."""

from collections.abc import Callable, Iterable
from typing import Any

from sync_protocol.checksum import Checksum, hash_text
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange
from tests.unit.sync.minimal_replica import Json, MinimalReplica

Ask = Callable[[dict[str, Any]], Json]
"""`POST /v1/verify`, decoded on both sides."""
MAX_QUESTIONS = 200


def repair_replica(replica: MinimalReplica, ask: Ask, schema: int) -> None:
    """Verify until nothing differs any more, or until the server requires a pull first."""
    cursor = replica.cursor
    request: dict[str, Any] = {"sums": _sums(replica)}
    for _ in range(MAX_QUESTIONS):
        if not request:
            return
        reply = ask({"cursor": cursor, "schema": schema, **request})
        if not replica.apply_repairs(reply, cursor) or reply["pull_first"] or replica.cursor != cursor:
            return
        request = _deeper(replica, reply["ranges"])
    raise AssertionError("the server finds differences forever")


def _sums(replica: MinimalReplica) -> list[dict[str, Any]]:
    return [
        {"channel": channel, "collection": collection, **checksum.as_wire()}
        for (channel, collection), checksum in sorted(replica.sums().items())
    ]


def _deeper(replica: MinimalReplica, ranges: Iterable[Json]) -> dict[str, Any]:
    """Return the next request about those of *ranges* in which the replica differs; empty if none does."""
    split, rows = [], []
    for part in ranges:
        held = replica.held((part["channel"], part["collection"]), KeyRange(part["from"], part["to"]))
        checksum = Checksum.of(held.values())
        if checksum.as_wire() == {"count": part["count"], "sum": part["sum"]}:
            continue
        name = {field: part[field] for field in ("channel", "collection", "from", "to")}
        if max(checksum.count, part["count"]) <= LIMITS.verify_rows:
            rows.append({**name, "rows": [[key, hash_text(hash)] for key, hash in sorted(held.items())]})
        else:
            split.append(name)
    # What does not fit into one request is found again by the next verification.
    parts_by_step = {"split": split[: LIMITS.verify_ranges], "rows": rows[: LIMITS.verify_ranges]}
    return {name: parts for name, parts in parts_by_step.items() if parts}
