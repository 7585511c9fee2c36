"""Rules of segments: how a device downloads and applies them. Those of links are in `segment_link_rules`."""

import gzip
import itertools
import string

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture
from sync_protocol.conformance.http_server import Reply
from sync_protocol.conformance.revision_2 import ready
from sync_protocol.conformance.rule import NotApplicable, Rule, expect
from sync_protocol.conformance.script import NW, SE, Changes, Json, Part, customer
from sync_protocol.segment import KeyRange, compress, name_of

DEVICE = "docs/device.md#segments"
SEGMENTS = "docs/protocol.md#segments"
LOW, HIGH = KeyRange("", "S5"), KeyRange("S5", None)


def people(*numbers: int, name: str = "") -> list[Json]:
    """Return customers in SE whose fields need every form of a segment's column."""
    return [_person(n, name) for n in numbers]


def _person(n: int, name: str) -> Json:
    address = {
        "id": f"A{n}", "name": None, "uses": ["delivery", "visit"], "lines": [f"{n} Line"], "city": "Bern",
        "region": None, "postal_code": f"30{n:02}", "country": "CH",
    }  # fmt: skip
    record = customer(f"S{n}", name and f"{name} {n}", "SE") | {"addresses": [address] * (n % 3)}
    # A text that contains the separator, and a field of a newer server that not every record has.
    return record | ({"notes": "ring | knock"} if n == 1 else {}) | ({"newer": {"a": []}} if n == 2 else {})


def offered(fixture: DeviceFixture) -> list[bytes]:
    """Offer a new stream in two segments; return their files."""
    parts = (Part(LOW, 100, people(1, 2, 3)), Part(HIGH, 100, people(5, 6)))
    files = fixture.script.offer(FIRST_CURSOR, "kit:offer", "kit:then", SE, *parts)
    fixture.server.segments.put(*files)
    return files


def apply(fixture: DeviceFixture) -> None:
    ready(fixture)
    offered(fixture)
    fixture.script.page("kit:then", "kit:after", Changes(SE, "customers", [(101, people(2, name="New")[0])]))
    fixture.must("sync")
    fixture.expect_replica("kit:after")
    cursors = [request.query.get("cursor") for request in fixture.server.requests("/v1/pull")]
    expect("kit:then" in cursors, "after the last segment `then` did not replace the cursor")


def go_on(fixture: DeviceFixture) -> None:
    ready(fixture)
    files = offered(fixture)
    for _ in range(3):
        fixture.server.once("/v1/segments/", lambda request: _half(fixture.server.segments.answer(request)))
        fixture.send("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:then")
    total = sum(map(len, files))
    sent = fixture.server.segments.bytes_sent
    headers_sent = [request.headers for request in fixture.server.requests("/v1/segments/")]
    ranged = [headers for headers in headers_sent if headers.get("range")]
    expect(ranged, "after an interruption it did not request the rest with Range")
    expect(all(headers.get("if-range") for headers in ranged), "it sent Range without If-Range")
    # The bytes that were cut off count as sent here, although they never left.
    expect(sent < 3 * total, f"{sent} bytes were sent for {total}")
    fixture.expect_no_faults()


def _half(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body, reply.headers, cut=len(reply.body) // 2)


def another_set(fixture: DeviceFixture) -> None:
    ready(fixture)
    files = offered(fixture)
    fixture.server.once("/v1/segments/", fixture.server.segments.answer)
    fixture.server.once("/v1/segments/", lambda request: Reply(0, lost=True))
    fixture.send("sync")
    fixture.server.segments.files.clear()
    parts = (Part(LOW, 200, people(1, 3, name="Later")), Part(HIGH, 200, people(6, 7)))
    fixture.server.segments.put(*fixture.script.offer("kit:offer", "kit:again", "kit:done", SE, *parts))
    fixture.send("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:done", f"another set was offered in place of one of {len(files)} files")


def kept(fixture: DeviceFixture) -> None:
    """The newer list has one segment that was applied, and one other."""
    ready(fixture)
    low, high = Part(LOW, 100, people(1, 2)), Part(HIGH, 100, people(5, 6))
    files = fixture.script.offer(FIRST_CURSOR, "kit:offer", "kit:then", SE, low, high)
    fixture.server.segments.put(files[0])
    other = Part(HIGH, 200, people(6, 7))
    newer = fixture.script.offer("kit:offer", "kit:again", "kit:done", SE, low, other)
    fixture.server.segments.put(newer[1])
    fixture.send("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:done", "after a newer list")
    count = len(fixture.server.requests(f"/v1/segments/{name_of(files[0])}"))
    expect(count == 1, f"a segment of the newer list that had been applied was fetched {count} times")


def newer_rows(fixture: DeviceFixture) -> None:
    """The page that offers the segments brings newer rows too: one moved away, one is new in the range."""
    ready(fixture)
    offered(fixture)
    moved, added = customer("S2", "Moved away"), customer("S4", "Added since", "SE")
    page = fixture.script.pages[FIRST_CURSOR]
    page["changes"] = [
        Changes(NW, "customers", [(150, moved)]).as_wire(),
        Changes(SE, "customers", [(151, added)]).as_wire(),
    ]
    fixture.script.rows["kit:then"] |= {
        ("customers", "S2"): (NW, 150, moved),
        ("customers", "S4"): (SE, 151, added),
    }
    fixture.must("sync")
    fixture.expect_replica("kit:then", "a segment replaced rows that are newer than it")


def stale_rows(fixture: DeviceFixture) -> None:
    """The device has rows of the stream that had been deleted, and one as new as the segment."""
    ready(fixture)
    stale = Changes(SE, "customers", [(50, customer("S4", "Deleted since", "SE")), (100, people(5)[0])])
    fixture.script.page(FIRST_CURSOR, "kit:2", stale)
    fixture.must("sync")
    parts = (Part(LOW, 100, people(1, 2, 3)), Part(HIGH, 100, people(5, name="Same position")))
    fixture.server.segments.put(*fixture.script.offer("kit:2", "kit:offer", "kit:then", SE, *parts))
    fixture.script.rows["kit:then"]["customers", "S5"] = (SE, 100, people(5)[0])
    fixture.must("sync")
    fixture.expect_replica("kit:then", "a row that the segment lacks is deleted; one at its position stays")


def priority(fixture: DeviceFixture) -> None:
    ready(fixture)
    parts = (Part(LOW, 100, people(1), priority=7), Part(HIGH, 100, people(5), priority=2))
    files = fixture.script.offer(FIRST_CURSOR, "kit:offer", "kit:then", SE, *parts)
    fixture.server.segments.put(*files)
    fixture.must("sync")
    names = [r.path.rpartition("/")[2] for r in fixture.server.requests("/v1/segments/")]
    expect(names == [name_of(files[1]), name_of(files[0])], "the segments were not fetched by priority")


def damaged(fixture: DeviceFixture) -> None:
    ready(fixture)
    offered(fixture)
    serve = fixture.server.segments.answer
    for _ in range(2):
        fixture.server.once("/v1/segments/", lambda request: _other(serve(request)))
        fixture.send("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:then", "after a damaged segment")


def _other(reply: Reply) -> Reply:
    """Return other contents of the same size in valid gzip, so that only the name detects them."""
    plain = gzip.decompress(reply.body)
    for prefix in itertools.product(string.ascii_uppercase, repeat=3):
        other = compress(plain.replace(b"EUR", "".join(prefix).encode()))
        if len(other) == len(reply.body) and other != reply.body:
            return Reply(reply.status, other, reply.headers)
    raise NotApplicable("the kit could not produce other contents of that size")


RULES = [
    Rule("segments", "Apply every segment, then replace the cursor with `then`", SEGMENTS, apply),
    Rule("segment-range", "Continue an interrupted download with Range and If-Range", SEGMENTS, go_on),
    Rule("segment-gone", "A set that is gone: pull, and apply the next one completely", SEGMENTS, another_set),
    Rule("segment-kept", "A segment of the newer list that was applied counts as applied", DEVICE, kept),
    Rule("segment-newer", "A segment replaces only rows at a lower position", DEVICE, newer_rows),
    Rule(
        "segment-stale", "Delete the rows that the segment lacks, at its position or below", DEVICE, stale_rows
    ),
    Rule("segment-priority", "Lowest `priority` first", DEVICE, priority),
    Rule("segment-damaged", "Apply nothing of a segment with another sha256", SEGMENTS, damaged),
]
