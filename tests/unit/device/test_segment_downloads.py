"""Downloads of segments: links without the token, bytes altered or cut on the way, files left behind."""

from pathlib import Path

import httpx
import pytest

from sync_protocol.device.device import Device
from sync_protocol.device.errors import ContractBroken, Damaged, Revoked
from sync_protocol.segment import KeyRange, encode, name_of
from tests.unit.device import fake_segments
from tests.unit.device.conftest import Opened
from tests.unit.device.fake_server import FakeServer, problem
from tests.unit.device.segmented import held, of_segments, segmented

__all__ = ["segmented"]

LINK = "https://cdn.test/segments/"


def with_links(server: FakeServer, url: str = LINK) -> None:
    page = server.feed.page

    def linked(cursor: str | None, limit: int) -> dict[str, object]:
        answer = page(cursor, limit)
        for offer in answer["segments"]:
            offer["url"] = f"{url}{offer['sha256']}?signature=x"
        return answer

    server.feed.page = linked  # type: ignore[method-assign]


def test_an_address_of_its_own_gets_no_token_and_its_redirects_are_not_followed(
    enrolled: Device, segmented: FakeServer
) -> None:
    with_links(segmented)
    asked: list[httpx.Request] = []

    def cdn(request: httpx.Request) -> httpx.Response | None:
        if request.url.host != "cdn.test":
            return None
        asked.append(request)
        if len(asked) == 2:
            return httpx.Response(302, headers={"Location": "https://elsewhere.test/"})
        answer = fake_segments.answer(segmented.feed, request)
        assert answer is not None
        answer.headers["ETag"] = '"of another make"'
        answer.headers["Content-Type"] = "binary/octet-stream"
        return answer

    segmented.always = cdn
    report = enrolled.sync()
    assert report.verified and held(enrolled) == segmented.feed.live()
    assert len(asked) == 7 and all("authorization" not in request.headers for request in asked)
    # The one that was redirected came from our own server.
    assert len(of_segments(segmented)) == 1
    assert not any("elsewhere.test" in str(request.url) for request in asked)


def test_addresses_that_do_not_answer_are_left_aside(enrolled: Device, segmented: FakeServer) -> None:
    with_links(segmented)
    asked = 0

    def away(request: httpx.Request) -> httpx.Response | None:
        nonlocal asked
        if request.url.host != "cdn.test":
            return None
        asked += 1
        raise httpx.ConnectError("no route to host", request=request)

    segmented.always = away
    assert enrolled.sync().verified and asked == 2


@pytest.mark.parametrize("url", ["http://cdn.test/", "ftp://cdn.test/", "https:///x", "https://[/"])
def test_an_unsafe_address_is_not_asked(enrolled: Device, segmented: FakeServer, url: str) -> None:
    with_links(segmented, url)
    hosts: set[str] = set()
    segmented.always = lambda request: hosts.add(request.url.host)
    assert enrolled.sync().verified
    assert hosts == {"satchel.test"}


def altered(data: bytes) -> bytes:
    return data[:20] + bytes([data[20] ^ 1]) + data[21:]


def test_altered_bytes_are_fetched_again_and_never_applied(enrolled: Device, segmented: FakeServer) -> None:
    def alter(request: httpx.Request) -> httpx.Response | None:
        answer = fake_segments.answer(segmented.feed, request)
        if not request.url.path.startswith("/v1/segments/") or answer is None:
            return None
        return httpx.Response(200, headers=answer.headers, content=altered(answer.content))

    segmented.tricks.append(alter)
    assert enrolled.sync().verified
    assert len(of_segments(segmented)) == 8


def test_bytes_that_stay_altered_stop_the_sync(enrolled: Device, segmented: FakeServer) -> None:
    data = segmented.feed.files
    segmented.feed.files = {name: altered(content) for name, content in data.items()}
    report = enrolled.sync()
    assert isinstance(report.problem, Damaged) and not report.complete
    assert enrolled.records("customers") == []
    segmented.feed.files = data
    assert enrolled.sync().verified


def test_more_bytes_than_were_offered_are_not_stored(enrolled: Device, segmented: FakeServer) -> None:
    def endless(request: httpx.Request) -> httpx.Response | None:
        answer = fake_segments.answer(segmented.feed, request)
        if not request.url.path.startswith("/v1/segments/") or answer is None:
            return None
        headers = [("Content-Type", answer.headers["content-type"])]
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(answer.content + b"x" * 5_000_000))

    segmented.always = endless
    assert isinstance(enrolled.sync().problem, Damaged)
    assert sum(path.stat().st_size for path in enrolled.parts.folder.iterdir()) == 0


def test_a_sign_in_page_does_not_touch_what_has_arrived(enrolled: Device, segmented: FakeServer) -> None:
    answers = 0

    def first_cut_then_a_portal(request: httpx.Request) -> httpx.Response | None:
        nonlocal answers
        answer = fake_segments.answer(segmented.feed, request)
        if not request.url.path.startswith("/v1/segments/") or answer is None:
            return None
        answers += 1
        if answers == 1:
            return fake_segments.cut(answer, 500)
        html = {"Content-Type": "text/html"}
        return httpx.Response(200, headers=html, content=b"<html>Welcome") if answers == 2 else None

    segmented.always = first_cut_then_a_portal
    assert not enrolled.sync().complete
    (part,) = enrolled.parts.folder.iterdir()
    assert part.stat().st_size == 500
    assert not enrolled.sync().complete
    assert part.stat().st_size == 500
    assert enrolled.sync().verified


@pytest.mark.parametrize("left", [b"", b"x" * 100, b"x" * 10_000_000])
def test_what_a_file_holds_from_elsewhere_does_no_harm(
    enrolled: Device, segmented: FakeServer, left: bytes
) -> None:
    page = segmented.feed.page(None)
    enrolled.parts.folder.mkdir()
    (enrolled.parts.folder / f"{page['segments'][0]['sha256']}.part").write_bytes(left)
    assert enrolled.sync().verified


def test_a_segment_with_something_else_in_it_is_refused(enrolled: Device, segmented: FakeServer) -> None:
    wrong = encode(("territory:SE", "customers"), KeyRange(), [("X", '{"id":"X"}')])
    page = segmented.feed.page

    def swapped(cursor: str | None, limit: int) -> dict[str, object]:
        answer = page(cursor, limit)
        for offer in answer["segments"][:1]:
            offer |= {"sha256": name_of(wrong), "bytes": len(wrong)}
        return answer

    segmented.feed.files[name_of(wrong)] = wrong
    segmented.feed.page = swapped  # type: ignore[method-assign]
    report = enrolled.sync()
    assert isinstance(report.problem, ContractBroken)
    assert enrolled.record("customers", "X") is None


def test_files_of_nobody_are_swept_when_the_device_is_opened(
    enrolled: Device, opened: Opened, folder: Path
) -> None:
    stray = folder / "segments" / f"{'0' * 64}.part"
    stray.parent.mkdir()
    stray.write_bytes(b"x")
    opened()
    assert not stray.exists()


def test_a_revoked_device_keeps_no_half_of_a_segment(
    enrolled: Device, segmented: FakeServer, folder: Path
) -> None:
    segmented.always = lambda request: (
        fake_segments.cut(fake_segments.answer(segmented.feed, request) or problem(404, "x"), 300)
        if request.url.path.startswith("/v1/segments/")
        else None
    )
    enrolled.sync()
    assert len(list((folder / "segments").iterdir())) == 1
    segmented.always = None
    segmented.revoked = True
    with pytest.raises(Revoked):
        enrolled.sync()
    assert list((folder / "segments").iterdir()) == []


def test_a_range_that_cannot_be_had_is_fetched_from_the_start(enrolled: Device, segmented: FakeServer) -> None:
    def first_cut_then_416(request: httpx.Request) -> httpx.Response | None:
        answer = fake_segments.answer(segmented.feed, request)
        if not request.url.path.startswith("/v1/segments/") or answer is None:
            return None
        if "range" in request.headers:
            return httpx.Response(416)
        return fake_segments.cut(answer, 300) if len(of_segments(segmented)) == 1 else None

    segmented.always = first_cut_then_416
    assert not enrolled.sync().complete
    assert enrolled.sync().verified


def test_an_answer_that_is_whole_though_a_range_was_asked_for_is_taken(
    enrolled: Device, segmented: FakeServer
) -> None:
    def first_cut_then_200(request: httpx.Request) -> httpx.Response | None:
        answer = fake_segments.answer(segmented.feed, request)
        if not request.url.path.startswith("/v1/segments/") or answer is None:
            return None
        if len(of_segments(segmented)) == 1:
            return fake_segments.cut(answer, 300)
        request.headers["range"] = ""
        return fake_segments.answer(segmented.feed, request)

    segmented.always = first_cut_then_200
    assert not enrolled.sync().complete
    assert enrolled.sync().verified
