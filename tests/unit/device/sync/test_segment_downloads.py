"""Downloads of segments: links without the token, bytes altered or cut on the way, files left behind."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from sync_protocol.conformance.http_server import Reply, Request
from sync_protocol.conformance.scripted_server import ISSUER
from sync_protocol.device.device import Device
from sync_protocol.device.errors import ContractBroken, Damaged, Revoked
from sync_protocol.segment import KeyRange, encode, name_of
from tests.unit.device.conftest import Opened
from tests.unit.device.contents import contents
from tests.unit.device.feed_server import FeedServer
from tests.unit.device.sync.segmented import cut, segment_reply, segment_requests, segmented

__all__ = ["segmented"]

LINK = "https://cdn.test/segments/"


def with_links(server: FeedServer, url: str = LINK) -> None:
    page_after = server.feed.page_after

    def linked(cursor: str | None) -> dict[str, object]:
        page = page_after(cursor)
        for offer in page["segments"]:
            offer["url"] = f"{url}{offer['sha256']}?signature=x"
        return page

    server.feed.page_after = linked


def test_the_url_of_a_segment_gets_no_token_and_its_redirects_are_not_followed(
    enrolled: Device, segmented: FeedServer
) -> None:
    with_links(segmented)
    requests: list[Request] = []

    def cdn(request: Request) -> Reply | None:
        if request.headers["host"] != "cdn.test":
            return None
        requests.append(request)
        if len(requests) == 2:
            return Reply(302, headers={"Location": "https://elsewhere.test/"})
        reply = segmented.segments.answer(request)
        headers = {**reply.headers, "ETag": '"of another make"', "Content-Type": "binary/octet-stream"}
        return replace(reply, headers=headers)

    segmented.override = cdn
    report = enrolled.sync()
    assert report.verified and contents(enrolled) == segmented.feed.live()
    assert len(requests) == 7 and all("authorization" not in request.headers for request in requests)
    # The one that was redirected came from our own server.
    assert len(segment_requests(segmented)) == 1
    assert not any(request.headers["host"] == "elsewhere.test" for request in segmented.received)


def test_segment_urls_that_do_not_answer_are_not_tried_again(enrolled: Device, segmented: FeedServer) -> None:
    with_links(segmented)
    requests = 0

    def unreachable(request: Request) -> Reply | None:
        nonlocal requests
        if request.headers["host"] != "cdn.test":
            return None
        requests += 1
        raise httpx.ConnectError("no route to host")

    segmented.override = unreachable
    assert enrolled.sync().verified and requests == 2


@pytest.mark.parametrize("url", ["http://cdn.test/", "ftp://cdn.test/", "https:///x", "https://[/"])
def test_an_unsafe_segment_url_is_not_requested(enrolled: Device, segmented: FeedServer, url: str) -> None:
    with_links(segmented, url)
    hosts: set[str] = set()
    segmented.override = lambda request: hosts.add(request.headers["host"])
    assert enrolled.sync().verified
    assert hosts == {urlsplit(ISSUER).hostname}


def altered(data: bytes) -> bytes:
    return data[:20] + bytes([data[20] ^ 1]) + data[21:]


def test_altered_bytes_are_fetched_again_and_never_applied(enrolled: Device, segmented: FeedServer) -> None:
    def alter(request: Request) -> Reply:
        reply = segmented.segments.answer(request)
        return replace(reply, body=altered(reply.body))

    segmented.once("/v1/segments/", alter)
    assert enrolled.sync().verified
    assert len(segment_requests(segmented)) == 8


def test_bytes_that_stay_altered_stop_the_sync(enrolled: Device, segmented: FeedServer) -> None:
    intact = segmented.segments.files
    segmented.segments.files = {name: altered(data) for name, data in intact.items()}
    report = enrolled.sync()
    assert isinstance(report.problem, Damaged) and not report.complete
    assert enrolled.records("customers") == []
    segmented.segments.files = intact
    assert enrolled.sync().verified


def test_more_bytes_than_were_offered_are_not_stored(enrolled: Device, segmented: FeedServer) -> None:
    def endless(request: Request) -> Reply | None:
        reply = segment_reply(segmented, request)
        return reply and replace(reply, body=reply.body + b"x" * 5_000_000)

    segmented.override = endless
    assert isinstance(enrolled.sync().problem, Damaged)
    assert sum(path.stat().st_size for path in enrolled.parts.folder.iterdir()) == 0


def test_a_sign_in_page_does_not_touch_what_has_arrived(enrolled: Device, segmented: FeedServer) -> None:
    replies = 0

    def first_cut_then_a_portal(request: Request) -> Reply | None:
        nonlocal replies
        reply = segment_reply(segmented, request)
        if reply is None:
            return None
        replies += 1
        if replies == 1:
            return cut(reply, 500)
        return Reply(200, b"<html>Welcome", {"Content-Type": "text/html"}) if replies == 2 else None

    segmented.override = first_cut_then_a_portal
    assert not enrolled.sync().complete
    (part,) = enrolled.parts.folder.iterdir()
    assert part.stat().st_size == 500
    assert not enrolled.sync().complete
    assert part.stat().st_size == 500
    assert enrolled.sync().verified


@pytest.mark.parametrize("left", [b"", b"x" * 100, b"x" * 10_000_000])
def test_foreign_bytes_in_a_part_file_do_no_harm(enrolled: Device, segmented: FeedServer, left: bytes) -> None:
    page = segmented.feed.page_after(None)
    enrolled.parts.folder.mkdir()
    (enrolled.parts.folder / f"{page['segments'][0]['sha256']}.part").write_bytes(left)
    assert enrolled.sync().verified


def test_a_segment_with_something_else_in_it_is_refused(enrolled: Device, segmented: FeedServer) -> None:
    wrong = encode(("territory:SE", "customers"), KeyRange(), [("X", '{"id":"X"}')])
    page_after = segmented.feed.page_after

    def swapped(cursor: str | None) -> dict[str, object]:
        page = page_after(cursor)
        for offer in page["segments"][:1]:
            offer |= {"sha256": name_of(wrong), "bytes": len(wrong)}
        return page

    segmented.feed.files[name_of(wrong)] = wrong
    segmented.feed.page_after = swapped
    report = enrolled.sync()
    assert isinstance(report.problem, ContractBroken)
    assert enrolled.record("customers", "X") is None


def test_part_files_without_an_offer_are_deleted_when_the_device_is_opened(
    enrolled: Device, opened: Opened, folder: Path
) -> None:
    stray = folder / "segments" / f"{'0' * 64}.part"
    stray.parent.mkdir()
    stray.write_bytes(b"x")
    opened()
    assert not stray.exists()


def test_a_revoked_device_keeps_no_half_of_a_segment(
    enrolled: Device, segmented: FeedServer, folder: Path
) -> None:
    def cut_segments(request: Request) -> Reply | None:
        reply = segment_reply(segmented, request)
        return reply and cut(reply, 300)

    segmented.override = cut_segments
    enrolled.sync()
    assert len(list((folder / "segments").iterdir())) == 1
    segmented.override = None
    segmented.revoked = True
    with pytest.raises(Revoked):
        enrolled.sync()
    assert list((folder / "segments").iterdir()) == []


def test_a_range_that_cannot_be_had_is_fetched_from_the_start(enrolled: Device, segmented: FeedServer) -> None:
    def first_cut_then_416(request: Request) -> Reply | None:
        reply = segment_reply(segmented, request)
        if reply is None:
            return None
        if "range" in request.headers:
            return Reply(416)
        return cut(reply, 300) if len(segment_requests(segmented)) == 1 else None

    segmented.override = first_cut_then_416
    assert not enrolled.sync().complete
    assert enrolled.sync().verified


def test_a_whole_segment_in_reply_to_a_range_request_is_accepted(
    enrolled: Device, segmented: FeedServer
) -> None:
    def first_cut_then_200(request: Request) -> Reply | None:
        reply = segment_reply(segmented, request)
        if reply is not None and len(segment_requests(segmented)) == 1:
            return cut(reply, 300)
        return segment_reply(segmented, replace(request, headers={}))

    segmented.override = first_cut_then_200
    assert not enrolled.sync().complete
    assert enrolled.sync().verified
