"""Rules since revision 2: segments, checksums with repair, and the rebase after a new epoch."""

import gzip
import itertools
import string

from sync_protocol.conformance.device_fixture import FIRST, DeviceFixture
from sync_protocol.conformance.http_server import Reply
from sync_protocol.conformance.script import NW, SE, Changes, Json, Part, customer
from sync_protocol.conformance.verdict import NotApplicable, Rule, expect
from sync_protocol.pull import SEGMENTS_SINCE
from sync_protocol.segment import KeyRange, compress

SEGMENTS = "docs/protocol.md#segments"
LOW, HIGH = KeyRange("", "S5"), KeyRange("S5", None)


def ready(bench: DeviceFixture) -> None:
    """Make the device ready, if it says that it understands revision 2."""
    bench.ready()
    said = [request.query.get("schema") for request in bench.server.requests("/v1/pull")]
    if not said or not str(said[-1]).isdigit() or int(str(said[-1])) < SEGMENTS_SINCE:
        raise NotApplicable(f"the device speaks revision {said[-1] if said else 1}")


def people(*numbers: int, name: str = "") -> list[Json]:
    """Return customers in SE, whose fields take each form that a column of a segment has."""
    return [_person(n, name) for n in numbers]


def _person(n: int, name: str) -> Json:
    address = {
        "id": f"A{n}", "name": None, "uses": ["delivery", "visit"], "lines": [f"{n} Line"], "city": "Bern",
        "region": None, "postal_code": f"30{n:02}", "country": "CH",
    }  # fmt: skip
    record = customer(f"S{n}", name and f"{name} {n}", "SE") | {"addresses": [address] * (n % 3)}
    # Text with the separator in it, and a field of a newer server that not every record has.
    return record | ({"notes": "ring | knock"} if n == 1 else {}) | ({"newer": {"a": []}} if n == 2 else {})


def offered(bench: DeviceFixture) -> list[bytes]:
    """Offer a new stream in two segments; return their files."""
    parts = (Part(LOW, 100, people(1, 2, 3)), Part(HIGH, 100, people(5, 6)))
    files = bench.story.offer(FIRST, "kit:offer", "kit:then", SE, *parts)
    bench.server.shelf.put(*files)
    return files


def apply(bench: DeviceFixture) -> None:
    ready(bench)
    offered(bench)
    bench.story.page("kit:then", "kit:after", Changes(SE, "customers", [(101, people(2, name="New")[0])]))
    bench.must("sync")
    bench.holds("kit:after")
    asked = [request.query.get("cursor") for request in bench.server.requests("/v1/pull")]
    expect("kit:then" in asked, "after the last segment `then` did not take the cursor's place")


def go_on(bench: DeviceFixture) -> None:
    ready(bench)
    files = offered(bench)
    for _ in range(3):
        bench.server.once("/v1/segments/", lambda request: _half(bench.server.shelf.answer(request)))
        bench.tell("sync")
    bench.must("sync")
    bench.holds("kit:then")
    total = sum(map(len, files))
    sent = bench.server.shelf.sent
    asked = [request.headers for request in bench.server.requests("/v1/segments/")]
    ranged = [headers for headers in asked if headers.get("range")]
    expect(ranged, "after a cut it did not ask for the rest with Range")
    expect(all(headers.get("if-range") for headers in ranged), "it asked with Range and without If-Range")
    # What is cut off counts as sent here, though it never left.
    expect(sent < 3 * total, f"{sent} bytes were sent for {total}")
    bench.no_faults()


def _half(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body, reply.headers, cut=len(reply.body) // 2)


def another_set(bench: DeviceFixture) -> None:
    ready(bench)
    files = offered(bench)
    bench.server.once("/v1/segments/", bench.server.shelf.answer)
    bench.server.once("/v1/segments/", lambda request: Reply(0, lost=True))
    bench.tell("sync")
    bench.server.shelf.files.clear()
    parts = (Part(LOW, 200, people(1, 3, name="Later")), Part(HIGH, 200, people(6, 7)))
    bench.server.shelf.put(*bench.story.offer("kit:offer", "kit:again", "kit:done", SE, *parts))
    bench.tell("sync")
    bench.must("sync")
    bench.holds("kit:done", f"another set was offered in place of one of {len(files)} files")


def damaged(bench: DeviceFixture) -> None:
    ready(bench)
    offered(bench)
    whole = bench.server.shelf.answer
    for _ in range(2):
        bench.server.once("/v1/segments/", lambda request: _other(whole(request)))
        bench.tell("sync")
    bench.must("sync")
    bench.holds("kit:then", "after a damaged segment")


def _other(reply: Reply) -> Reply:
    """Return other contents of the same size, whole as gzip: only the name gives them away."""
    plain = gzip.decompress(reply.body)
    for letters in itertools.product(string.ascii_uppercase, repeat=3):
        other = compress(plain.replace(b"EUR", "".join(letters).encode()))
        if len(other) == len(reply.body) and other != reply.body:
            return Reply(reply.status, other, reply.headers)
    raise NotApplicable("the kit found no other contents of that size")


def check(bench: DeviceFixture) -> None:
    """The server's page lacks a row, holds a stale one, and leaves one behind: all without a word."""
    ready(bench)
    bench.may_mend = True
    story = bench.story
    truth = Changes(NW, "customers", [(6, customer("C3")), (7, customer("C1", "Now"))], [(8, "C2")])
    story.page(FIRST, "kit:2", truth)
    story.pages[FIRST]["changes"] = []
    bench.tell("sync")
    bench.must("sync")
    expect(bench.server.requests("/v1/verify"), "`check` differs, and the device asks nothing")
    bench.holds("kit:2", "what differed was not mended")


def equal(bench: DeviceFixture) -> None:
    ready(bench)
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    bench.must("sync")
    bench.must("sync")
    asked = len(bench.server.requests("/v1/verify"))
    expect(not asked, f"`check` is that of the replica, and the device asked {asked} times all the same")


def rebase(bench: DeviceFixture) -> None:
    ready(bench)
    order = bench.order()
    bench.must("sync")
    bench.server.documents.clear()
    cursor = bench.server.requests("/v1/")[-1].query.get("cursor") or FIRST
    news = Changes(NW, "customers", [(5000, customer("C1", "After the restore"))])
    bench.story.page(cursor, "kit:rebased", news, reset="epoch_rebased", epoch="kit-epoch-2")
    bench.must("sync")
    bench.must("sync")
    bench.holds("kit:rebased", "after a rebase")
    expect(order in bench.server.documents, "what was sent before the rebase was not pushed again")
    # Positions of the old history mean nothing: what is below `head` is old news.
    old = Changes(NW, "customers", [(2, customer("C1", "Old news"))])
    bench.story.page("kit:rebased", "kit:end", old, epoch="kit-epoch-2")
    bench.must("sync")
    bench.holds("kit:end", "after a rebase an old position won")


RULES = [
    Rule("segments", "Apply every segment, then take `then`", SEGMENTS, apply),
    Rule("segment-range", "Go on with Range and If-Range after a cut", SEGMENTS, go_on),
    Rule("segment-gone", "A set that is gone: pull, and take the next one whole", SEGMENTS, another_set),
    Rule("segment-damaged", "Nothing of a segment whose sha256 is another", SEGMENTS, damaged),
    Rule("check", "`check` differs: verify, and mend what differs", "docs/protocol.md#verify", check),
    Rule("check-equal", "`check` is equal: ask nothing", "docs/protocol.md#checksums", equal),
    Rule("rebase", "`epoch_rebased`: keep the rows, push again", "docs/protocol.md#epoch-changes", rebase),
]
