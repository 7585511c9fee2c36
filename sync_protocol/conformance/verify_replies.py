"""Verification by the scripted server. Its streams are small, so it asks for rows as soon as one differs.

The shapes of requests and replies are those of `sync_protocol.verify`.
"""

from typing import Any

from sync_protocol.checksum import Checksum, hash_text, record_hash

Json = dict[str, Any]
Rows = dict[tuple[str, str], tuple[str, int, Json]]
"""(channel, position, record) by (collection, key)."""


def verify_reply(request: Json, rows: Rows, epoch: str) -> Json:
    """Return the reply to the step *request*; *rows* is what the device must hold at its cursor."""
    reply: Json = {"epoch": epoch, "cursor": None, "drop": [], "pull_first": [], "ranges": [], "repairs": []}
    if request.get("sums") is not None:
        sent = {(s["channel"], s["collection"]): (s["count"], s["sum"]) for s in request["sums"]}
        streams = {(row[0], at[0]) for at, row in rows.items()} | set(sent)
        for channel, collection in sorted(streams):
            expected = Checksum.of(_hashes(rows, channel, collection).values()).as_wire()
            if sent.get((channel, collection), (0, "0" * 16)) != (expected["count"], expected["sum"]):
                range_ = {"channel": channel, "collection": collection, "from": "", "to": None}
                reply["ranges"].append({**range_, **expected})
    reply["repairs"] = [_repair(part, rows) for part in request.get("rows") or []]
    return reply


def _hashes(rows: Rows, channel: str, collection: str) -> dict[str, int]:
    return {
        key: record_hash(collection, key, row[2])
        for (name, key), row in rows.items()
        if (row[0], name) == (channel, collection)
    }


def _repair(part: Json, rows: Rows) -> Json:
    channel, collection = part["channel"], part["collection"]
    expected = _hashes(rows, channel, collection)
    sent: dict[str, Any] = dict(part["rows"])
    put = [key for key, value in expected.items() if sent.get(key) != hash_text(value)]
    return {
        "channel": channel,
        "collection": collection,
        "put": [list(rows[collection, key][1:]) for key in sorted(put)],
        "gone": sorted(sent.keys() - expected.keys()),
    }
