"""The verifying end of the scripted server. Its streams are small: those that differ are asked for by row."""

from typing import Any

from sync_protocol.checksum import Checksum, hash_text, record_hash
from sync_protocol.conformance.script import Json, Rows


def verified(asked: Json, rows: Rows, epoch: str) -> Json:
    """Return the answer to one step of a verification against *rows*, the truth at the device's cursor."""
    answer: Json = {"epoch": epoch, "cursor": None, "drop": [], "pull_first": [], "ranges": [], "repairs": []}
    if asked.get("sums") is not None:
        theirs = {(s["channel"], s["collection"]): (s["count"], s["sum"]) for s in asked["sums"]}
        streams = {(row[0], at[0]) for at, row in rows.items()} | set(theirs)
        for channel, collection in sorted(streams):
            mine = Checksum.of(_hashes(rows, channel, collection).values()).as_wire()
            if theirs.get((channel, collection), (0, "0" * 16)) != (mine["count"], mine["sum"]):
                range_ = {"channel": channel, "collection": collection, "from": "", "to": None}
                answer["ranges"].append({**range_, **mine})
    answer["repairs"] = [_repair(part, rows) for part in asked.get("rows") or []]
    return answer


def _hashes(rows: Rows, channel: str, collection: str) -> dict[str, int]:
    return {
        key: record_hash(collection, key, row[2])
        for (name, key), row in rows.items()
        if (row[0], name) == (channel, collection)
    }


def _repair(part: Json, rows: Rows) -> Json:
    channel, collection = part["channel"], part["collection"]
    mine = _hashes(rows, channel, collection)
    theirs: dict[str, Any] = dict(part["rows"])
    put = [key for key, value in mine.items() if theirs.get(key) != hash_text(value)]
    return {
        "channel": channel,
        "collection": collection,
        "put": [list(rows[collection, key][1:]) for key in sorted(put)],
        "gone": sorted(theirs.keys() - mine.keys()),
    }
