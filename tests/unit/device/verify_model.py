"""`POST /v1/verify` over the model of the feed, by the rules that the device relies on."""

from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, hash_text, record_hash
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange
from tests.unit.device.feed_model import Feed

Reply = dict[str, Any]


def answer(feed: Feed, asked: dict[str, Any]) -> Reply:
    """Return what a server with *feed* answers; raises `CursorInvalid`."""
    cursor = decode_cursor(asked["cursor"])
    assert cursor.epoch == feed.epoch
    reply: Reply = {
        "epoch": feed.epoch, "cursor": None, "drop": [], "pull_first": [], "ranges": [], "repairs": [],
    }  # fmt: skip
    if asked.get("sums") is not None:
        _compare(feed, cursor, {_stream(sum): _checksum(sum) for sum in asked["sums"]}, reply)
    for part in asked.get("split") or []:
        if not _moved(feed, cursor, _stream(part), reply):
            reply["ranges"] += _split(feed, _stream(part), _range(part))
    for part in asked.get("rows") or []:
        if not _moved(feed, cursor, _stream(part), reply):
            assert len(part["rows"]) <= LIMITS.verify_rows
            reply["repairs"].append(_repair(feed, _stream(part), _range(part), dict(part["rows"])))
    return reply


def _compare(feed: Feed, cursor: Cursor, theirs: dict[Stream, Checksum], reply: Reply) -> None:
    marks = dict(cursor.marks)
    for stream in sorted(set(theirs) | set(marks)):
        if stream not in marks or stream not in feed.granted:
            reply["drop"].append(list(stream))
            marks.pop(stream, None)
            continue
        mine, has = feed.checksum([stream]), theirs.get(stream, Checksum())
        if _moved(feed, cursor, stream, reply) or mine == has:
            continue
        if abs(mine.count - has.count) > max(1000, mine.count // 4):
            reply["drop"].append(list(stream))
            del marks[stream]
        else:
            reply["ranges"] += _split(feed, stream, KeyRange())
    if marks != dict(cursor.marks):
        reply["cursor"] = Cursor(cursor.epoch, cursor.seen, marks).encode()


def _moved(feed: Feed, cursor: Cursor, stream: Stream, reply: Reply) -> bool:
    head = max((position for (other, _), (position, _) in feed.rows.items() if other == stream), default=0)
    if head > cursor.marks.get(stream, Mark()).position:
        if list(stream) not in reply["pull_first"]:
            reply["pull_first"].append(list(stream))
        return True
    return False


def _split(feed: Feed, stream: Stream, range: KeyRange) -> list[dict[str, Any]]:
    keys = [key for key, _, _ in feed.live_in(stream) if key in range]
    step = max(1, -(-len(keys) // LIMITS.verify_parts))
    starts = [range.start, *keys[step::step]]
    found = []
    for start, end in zip(starts, [*starts[1:], range.end], strict=True):
        part = KeyRange(start, end)
        sum = Checksum.of(record_hash(stream[1], k, r) for k, _, r in feed.live_in(stream) if k in part)
        found.append(_named(stream) | {"from": start, "to": end} | sum.as_wire())
    return found


def _repair(feed: Feed, stream: Stream, range: KeyRange, theirs: dict[str, str]) -> dict[str, Any]:
    rows = [row for row in feed.live_in(stream) if row[0] in range]
    put = [[p, r] for key, p, r in rows if theirs.get(key) != hash_text(record_hash(stream[1], key, r))]
    return _named(stream) | {"put": put, "gone": sorted(theirs.keys() - {key for key, _, _ in rows})}


def _named(stream: Stream) -> dict[str, Any]:
    return {"channel": stream[0], "collection": stream[1]}


def _stream(value: dict[str, Any]) -> Stream:
    return value["channel"], value["collection"]


def _range(value: dict[str, Any]) -> KeyRange:
    return KeyRange(value["from"], value["to"])


def _checksum(value: dict[str, Any]) -> Checksum:
    return Checksum(value["count"], int(value["sum"], 16))
