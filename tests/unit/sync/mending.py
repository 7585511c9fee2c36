"""How the smallest replica mends itself: from streams to key ranges to rows, with any server's verify."""

from collections.abc import Callable, Iterable
from typing import Any

from sync_protocol.checksum import Checksum, hash_text
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange
from tests.unit.sync.smallest import Json, Smallest

Ask = Callable[[dict[str, Any]], Json]
"""`POST /v1/verify`, decoded on both sides."""
MOST_QUESTIONS = 200


def mend(replica: Smallest, ask: Ask, schema: int) -> None:
    """Ask until nothing differs any more, or until the server wants the replica to pull first."""
    cursor = replica.cursor
    request: dict[str, Any] = {"sums": _sums(replica)}
    for _ in range(MOST_QUESTIONS):
        if not request:
            return
        reply = ask({"cursor": cursor, "schema": schema, **request})
        if not replica.take_repairs(reply, cursor) or reply["pull_first"] or replica.cursor != cursor:
            return
        request = _deeper(replica, reply["ranges"])
    raise AssertionError("the server finds differences without end")


def _sums(replica: Smallest) -> list[dict[str, Any]]:
    return [
        {"channel": channel, "collection": collection, **checksum.as_wire()}
        for (channel, collection), checksum in sorted(replica.sums().items())
    ]


def _deeper(replica: Smallest, ranges: Iterable[Json]) -> dict[str, Any]:
    """Return what to ask next about those of *ranges* in which the replica differs; empty if none does."""
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
    asked = {"split": split[: LIMITS.verify_ranges], "rows": rows[: LIMITS.verify_ranges]}
    return {name: parts for name, parts in asked.items() if parts}
