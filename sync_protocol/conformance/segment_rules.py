"""Rules since revision 2: segments, checksums with repair, and the rebase after a new epoch."""

import gzip
import itertools
import string

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture
from sync_protocol.conformance.http_server import Reply
from sync_protocol.conformance.script import NW, SE, Changes, Json, Part, customer
from sync_protocol.conformance.verdict import NotApplicable, Rule, expect
from sync_protocol.pull import SEGMENTS_SINCE
from sync_protocol.segment import KeyRange, compress

SEGMENTS = "docs/protocol.md#segments"
LOW, HIGH = KeyRange("", "S5"), KeyRange("S5", None)


def ready(fixture: DeviceFixture) -> None:
    """Prepare the device; raise `NotApplicable` unless it supports revision 2."""
    fixture.ready()
    revisions = [request.query.get("schema") for request in fixture.server.requests("/v1/pull")]
    if not revisions or not str(revisions[-1]).isdigit() or int(str(revisions[-1])) < SEGMENTS_SINCE:
        raise NotApplicable(f"the device supports revision {revisions[-1] if revisions else 1}")


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


def damaged(fixture: DeviceFixture) -> None:
    ready(fixture)
    offered(fixture)
    whole = fixture.server.segments.answer
    for _ in range(2):
        fixture.server.once("/v1/segments/", lambda request: _other(whole(request)))
        fixture.send("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:then", "after a damaged segment")


def _other(reply: Reply) -> Reply:
    """Return other contents of the same size in valid gzip, so that only the name detects them."""
    plain = gzip.decompress(reply.body)
    for letters in itertools.product(string.ascii_uppercase, repeat=3):
        other = compress(plain.replace(b"EUR", "".join(letters).encode()))
        if len(other) == len(reply.body) and other != reply.body:
            return Reply(reply.status, other, reply.headers)
    raise NotApplicable("the kit could not produce other contents of that size")


def check(fixture: DeviceFixture) -> None:
    """The server's page silently lacks a new row, an update and a deletion."""
    ready(fixture)
    fixture.repair_allowed = True
    script = fixture.script
    truth = Changes(NW, "customers", [(6, customer("C3")), (7, customer("C1", "Now"))], [(8, "C2")])
    script.page(FIRST_CURSOR, "kit:2", truth)
    script.pages[FIRST_CURSOR]["changes"] = []
    fixture.send("sync")
    fixture.must("sync")
    expect(fixture.server.requests("/v1/verify"), "`check` differs, and the device does not verify")
    fixture.expect_replica("kit:2", "after verification the replica")


def equal(fixture: DeviceFixture) -> None:
    ready(fixture)
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.must("sync")
    fixture.must("sync")
    count = len(fixture.server.requests("/v1/verify"))
    expect(not count, f"`check` matches the replica, and the device still verified {count} times")


def rebase(fixture: DeviceFixture) -> None:
    ready(fixture)
    order = fixture.order()
    fixture.must("sync")
    fixture.server.documents.clear()
    cursor = fixture.server.requests("/v1/")[-1].query.get("cursor") or FIRST_CURSOR
    changes = Changes(NW, "customers", [(5000, customer("C1", "After the restore"))])
    fixture.script.page(cursor, "kit:rebased", changes, reset="epoch_rebased", epoch="kit-epoch-2")
    fixture.must("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:rebased", "after a rebase")
    expect(order in fixture.server.documents, "a document sent before the rebase was not pushed again")
    # Positions of the old epoch have no meaning: a row below `head` is older than the replica.
    old = Changes(NW, "customers", [(2, customer("C1", "Outdated"))])
    fixture.script.page("kit:rebased", "kit:end", old, epoch="kit-epoch-2")
    fixture.must("sync")
    fixture.expect_replica("kit:end", "after a rebase an old position won")


RULES = [
    Rule("segments", "Apply every segment, then replace the cursor with `then`", SEGMENTS, apply),
    Rule("segment-range", "Continue an interrupted download with Range and If-Range", SEGMENTS, go_on),
    Rule("segment-gone", "A set that is gone: pull, and apply the next one completely", SEGMENTS, another_set),
    Rule("segment-damaged", "Apply nothing of a segment with another sha256", SEGMENTS, damaged),
    Rule("check", "`check` differs: verify, and repair what differs", "docs/protocol.md#verify", check),
    Rule("check-equal", "`check` is equal: do not verify", "docs/protocol.md#checksums", equal),
    Rule(
        "rebase",
        "`epoch_rebased`: keep the rows, push sent documents again",
        "docs/protocol.md#epoch-changes",
        rebase,
    ),
]
