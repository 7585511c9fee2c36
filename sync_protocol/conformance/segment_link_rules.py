"""Rules of the addresses of segments: links without a token, and replies that are no segment."""

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture
from sync_protocol.conformance.http_server import HttpServer, Reply, Request
from sync_protocol.conformance.revision_2 import ready
from sync_protocol.conformance.rule import Rule, expect
from sync_protocol.conformance.script import SE, Part
from sync_protocol.conformance.segment_rules import HIGH, LOW, offered, people
from sync_protocol.conformance.session_rules import PORTAL

PAGE = "docs/device.md#segments"
STORE = "/object-store"
EXPIRED = Reply(403, b"<Error>Request has expired</Error>", {"Content-Type": "application/xml"})


def _offer_links(fixture: DeviceFixture, *urls: str) -> list[bytes]:
    """Offer two segments at *urls* and return their files."""
    low = Part(LOW, 100, people(1, 2), url=urls[0])
    high = Part(HIGH, 100, people(5, 6), url=urls[1])
    files = fixture.script.offer(FIRST_CURSOR, "kit:offer", "kit:then", SE, low, high)
    fixture.server.segments.put(*files)
    return files


def link(fixture: DeviceFixture) -> None:
    """One link of an object store beside the server, whose ETags are its own."""
    ready(fixture)
    _offer_links(fixture, f"{fixture.http.address}{STORE}/low", f"{fixture.http.address}{STORE}/high")
    files = fixture.script.pages[FIRST_CURSOR]["segments"]

    def store(request: Request) -> Reply | None:
        if not request.path.startswith(STORE):
            return None
        name = files[request.path.endswith("high")]["sha256"]
        complete = fixture.server.segments.answer(Request("GET", f"/v1/segments/{name}", {}, {}, b""))
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        headers = {**complete.headers, "ETag": '"of-the-store"'}
        if not start or request.headers.get("if-range", '"of-the-store"') != '"of-the-store"':
            return Reply(200, complete.body, headers, cut=None if start else len(complete.body) // 2)
        headers["Content-Range"] = f"bytes {start}-{len(complete.body) - 1}/{len(complete.body)}"
        return Reply(206, complete.body[start:], headers)

    fixture.server.override = store
    for _ in range(4):
        fixture.send("sync")
    requests = fixture.server.requests(STORE)
    expect(requests, "the segments were not fetched from their `url`")
    expect(not any(r.headers.get("authorization") for r in requests), "the token was sent to the `url`")
    expect(not any(r.headers.get("if-range") for r in requests), "If-Range was sent to the `url`")
    fixture.must("sync")
    fixture.expect_replica("kit:then", "after links")


def foreign_link(fixture: DeviceFixture) -> None:
    """Two links to another host, without TLS."""
    ready(fixture)
    requests: list[Request] = []

    def elsewhere(request: Request) -> Reply:
        requests.append(request)
        return EXPIRED

    other = HttpServer(elsewhere)
    try:
        _offer_links(fixture, f"{other.address}/low", f"{other.address}/high")
        for _ in range(3):
            fixture.send("sync")
    finally:
        other.close()
    expect(
        not any(request.headers.get("authorization") for request in requests),
        "the token was sent to the other host of a `url`",
    )
    fixture.must("sync")
    fixture.expect_replica("kit:then", "a link led nowhere")


def expired_link(fixture: DeviceFixture) -> None:
    ready(fixture)
    address = f"{fixture.http.address}{STORE}"
    _offer_links(fixture, f"{address}/low", f"{address}/high")
    fixture.server.override = lambda request: EXPIRED if request.path.startswith(STORE) else None
    for _ in range(3):
        fixture.send("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:then", "a link has expired, and the server itself still has the segment")


def segment_portal(fixture: DeviceFixture) -> None:
    """A sign-in page, a redirect, and a proxy that compresses what it passes on."""
    ready(fixture)
    offered(fixture)
    html = Reply(200, PORTAL, {"Content-Type": "text/html"})
    away = Reply(302, PORTAL, {"Location": f"{fixture.http.address}/elsewhere", "Content-Type": "text/html"})

    def compressed(request: Request) -> Reply:
        complete = fixture.server.segments.answer(request)
        return Reply(200, complete.body, {**complete.headers, "Content-Encoding": "gzip"})

    for answer in (lambda request: html, lambda request: away, compressed):
        fixture.server.once("/v1/segments/", answer)
        expect(not fixture.send("sync")["ok"], "a reply that is not a segment was treated as success")
    expect(not fixture.server.requests("/elsewhere"), "a redirect was followed, with the token")
    fixture.must("sync")
    fixture.expect_replica("kit:then", "after a reply that is not a segment")


RULES = [
    Rule("segment-link", "Fetch from `url` without the token and without If-Range", PAGE, link),
    Rule("segment-foreign", "The token goes to no other host", PAGE, foreign_link),
    Rule("segment-expired", "If a link fails, fetch from /v1/segments", PAGE, expired_link),
    Rule(
        "segment-portal",
        "Neither HTML nor a redirect nor a Content-Encoding is a segment",
        PAGE,
        segment_portal,
    ),
]
