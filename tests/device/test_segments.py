"""Segments: fetched from where the last sync was cut, checked, applied by rule 10, and swept when nobody's."""

import gzip
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sync_protocol.change import Stream
from sync_protocol.device import forms, offers, segments
from sync_protocol.device.device import Device
from sync_protocol.device.errors import ContractBroken, Damaged, Revoked
from sync_protocol.device.report import SyncReport
from sync_protocol.segment import KeyRange, encode, name_of
from tests.device import fake_segments
from tests.device.company import TERRITORY, customer
from tests.device.conftest import Opened
from tests.device.fake_server import FakeServer, problem

CUSTOMERS: Stream = (TERRITORY, "customers")
LINK = "https://cdn.test/segments/"


@pytest.fixture
def segmented(server: FakeServer) -> FakeServer:
    """300 customers, offered in segments of 50 rows."""
    for n in range(300):
        server.feed.put(TERRITORY, "customers", f"S{n:03}", customer(f"S{n:03}", f"Søren {n * 7919 % 1000}"))
    server.feed.build(CUSTOMERS, 50)
    return server


def of_segments(server: FakeServer) -> list[str]:
    return [seen for seen in server.seen if seen.startswith("GET /v1/segments/")]


def held(device: Device) -> dict[tuple[str, str], object]:
    counts = device.status().counts
    return {(name, record["id"]): record for name in counts for record in device.records(name)}


def test_a_first_sync_takes_segments_and_then_rows(enrolled: Device, segmented: FakeServer) -> None:
    report = enrolled.sync()
    assert (report.segments, len(of_segments(segmented))) == (7, 7)
    assert report.verified and held(enrolled) == segmented.feed.live()
    assert list(enrolled.parts.folder.iterdir()) == []
    assert enrolled.sync().unchanged


def test_what_changed_after_the_segments_were_built_follows(enrolled: Device, segmented: FakeServer) -> None:
    segmented.feed.put(TERRITORY, "customers", "S001", customer("S001", "Renamed"))
    segmented.feed.gone("customers", "S299")
    segmented.feed.put("nowhere", "customers", "S298", customer("S298", "Moved away", territory="SE"))
    assert enrolled.sync().verified
    assert held(enrolled) == segmented.feed.live()
    names = {record["id"]: record["name"] for record in enrolled.records("customers")}
    assert names["S001"] == "Renamed" and "S299" not in names and "S298" not in names


def test_a_sync_cut_twenty_times_fetches_next_to_nothing_twice(enrolled: Device, segmented: FakeServer) -> None:
    whole = sum(len(data) for data in segmented.feed.files.values())
    passed = 0

    def break_after(size: int) -> Callable[[httpx.Request], httpx.Response | None]:
        def trick(request: httpx.Request) -> httpx.Response | None:
            nonlocal passed
            answer = fake_segments.answer(segmented.feed, request)
            if not request.url.path.startswith("/v1/segments/") or answer is None:
                return None
            passed += min(size, len(answer.content))
            return fake_segments.cut(answer, size) if size < len(answer.content) else answer

        return trick

    segmented.always = break_after(whole // 30)
    syncs = 0
    while not (report := enrolled.sync()).complete:
        assert report.fetched > 0
        syncs += 1
    assert syncs >= 20 and report.verified
    assert passed <= whole * 1.05 and passed >= whole
    # While it is being fetched no page is asked for again: one before and one after.
    assert segmented.seen.count("GET /v1/pull") == 2
    assert held(enrolled) == segmented.feed.live()


def test_documents_do_not_wait_for_the_download(enrolled: Device, segmented: FakeServer) -> None:
    segmented.always = lambda request: (
        problem(503, "unavailable") if request.url.path.startswith("/v1/segments/") else None
    )
    assert not enrolled.sync().complete
    segmented.always = None
    # Customers are not there yet; products, prices and units are, for they came as rows.
    line = forms.Line("P1", "40")
    body = forms.forecast(enrolled.db, warehouse="W1", period="2026-12", lines=[line])
    enrolled.capture("forecast", body)
    report = enrolled.sync()
    assert "POST /v1/push" in segmented.seen and "POST /v1/sync" not in segmented.seen
    assert report.verified and [result["status"] for result in report.results] == ["received"]


def test_urgent_collections_come_first_and_then_the_device_is_usable(
    enrolled: Device, segmented: FakeServer
) -> None:
    for n in range(100):
        segmented.feed.put(TERRITORY, "contacts", f"c{n}", {"id": f"c{n}", "customer_id": "C1", "name": "Ann"})
    segmented.feed.build((TERRITORY, "contacts"), 50)
    page = segmented.feed.page

    def ranked(cursor: str | None, limit: int) -> dict[str, object]:
        answer = page(cursor, limit)
        for offer in answer["segments"]:
            offer["priority"] = 3 if offer["collection"] == "customers" else 2
        return answer

    segmented.feed.page = ranked  # type: ignore[method-assign]
    usable: list[bool] = []
    seen: list[tuple[int, int]] = []

    def on_progress(report: SyncReport) -> None:
        usable.append(report.offered.usable)
        seen.append((report.offered.bytes_applied, report.offered.bytes))

    enrolled.sync(on_progress)
    first = [segmented.feed.files[path.rpartition("/")[2]] for path in of_segments(segmented)[:2]]
    assert all(b'"collection":"contacts"' in gzip.decompress(data) for data in first)
    assert usable[1] is False and usable[-2] is True
    assert seen[-2][0] == seen[-2][1] > 0


@pytest.mark.parametrize("status", [404, 410])
def test_a_segment_that_is_gone_is_not_waited_for(enrolled: Device, segmented: FakeServer, status: int) -> None:
    """The list is forgotten and the next page brings another; what was applied of it counts."""
    fetched = 0

    def third_is_gone(request: httpx.Request) -> httpx.Response | None:
        nonlocal fetched
        if request.url.path.startswith("/v1/segments/"):
            fetched += 1
            if fetched == 3:
                segmented.feed.put(TERRITORY, "customers", "S299", customer("S299", "Changed at the end"))
                segmented.feed.build(CUSTOMERS, 50)
                segmented.feed.discard()
                return problem(status, "segment_gone")
        return None

    segmented.always = third_is_gone
    report = enrolled.sync()
    assert report.verified and held(enrolled) == segmented.feed.live()
    assert segmented.seen.count("GET /v1/pull") == 3


def test_a_segment_applied_counts_in_the_next_list_only_at_the_same_position(
    enrolled: Device, segmented: FakeServer
) -> None:
    """The same bytes at a later position say more: that nothing happened in between."""
    answered = 0

    def stop_after_two(request: httpx.Request) -> httpx.Response | None:
        nonlocal answered
        if request.url.path.startswith("/v1/segments/"):
            answered += 1
            return problem(503, "unavailable") if answered == 3 else None
        return None

    segmented.always = stop_after_two
    enrolled.sync()
    first = set(of_segments(segmented)[:2])
    with enrolled.db.writing():
        offers.withdraw(enrolled.db)
    # The same position: the two are not fetched again.
    segmented.seen.clear()
    answered = -100
    cursor = enrolled.status().held.cursor
    offered = segmented.feed.page(cursor)["segments"]
    assert len(offered) == 7
    segmented.always = lambda request: (
        problem(503, "unavailable") if request.url.path.startswith("/v1/segments/") else None
    )
    enrolled.sync()
    assert offers.standing(enrolled.db).segments == 7
    assert {f"GET /v1/segments/{name}" for name in offers.names(enrolled.db)}.isdisjoint(first)
    # Built again later: the same names, another position, and all are to be applied.
    segmented.feed.put(TERRITORY, "customers", "S299", customer("S299", "Changed at the end"))
    segmented.feed.build(CUSTOMERS, 50)
    with enrolled.db.writing():
        offers.withdraw(enrolled.db)
    enrolled.sync()
    assert {f"GET /v1/segments/{name}" for name in offers.names(enrolled.db)} >= first
    segmented.always = None
    assert enrolled.sync().verified and held(enrolled) == segmented.feed.live()


def test_a_revoked_stream_takes_its_offers_along(enrolled: Device, segmented: FakeServer) -> None:
    """History 6: offered, then revoked."""
    taken = 0

    def stop_after_two(request: httpx.Request) -> httpx.Response | None:
        nonlocal taken
        taken += request.url.path.startswith("/v1/segments/")
        return problem(503, "unavailable") if taken == 3 else None

    segmented.always = stop_after_two
    enrolled.sync()
    assert len(enrolled.records("customers")) == 100
    segmented.always = None
    segmented.feed.revoke(CUSTOMERS)
    segmented.next(of_segments(segmented)[-1].removeprefix("GET "), lambda: problem(404, "segment_gone"))
    assert enrolled.sync().verified
    assert enrolled.records("customers") == [] and offers.standing(enrolled.db).segments == 0


def test_an_old_segment_does_not_bring_back_what_was_deleted(device: Device, server: FakeServer) -> None:
    """History 5: k is in the segment of an older set, which was on its way when a newer one was offered."""
    server.feed.build(CUSTOMERS, 1)
    server.feed.revoke(CUSTOMERS)
    device.sync()
    server.feed.grant(CUSTOMERS)
    server.always = lambda request: (
        problem(503, "unavailable") if request.url.path.startswith("/v1/segments/") else None
    )
    device.sync()
    late = offers.next_wanted(device.db)
    server.always = None
    server.feed.gone("customers", "C1")
    server.feed.build(CUSTOMERS, 1)
    with device.db.writing():
        offers.withdraw(device.db)
    device.sync()
    assert late is not None
    assert not segments.apply(device.db, late, segments.read(late, server.feed.files[late.sha256])).applied
    assert held(device) == server.feed.live()


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


def test_what_was_gone_when_a_newer_set_was_built_is_deleted_by_its_segments(
    enrolled: Device, segmented: FakeServer
) -> None:
    """The tombstone lies below the new set's position and never travels; no repair is needed for it."""
    taken = 0

    def stop_after_two(request: httpx.Request) -> httpx.Response | None:
        nonlocal taken
        taken += request.url.path.startswith("/v1/segments/")
        return problem(503, "unavailable") if taken == 3 else None

    segmented.always = stop_after_two
    enrolled.sync()
    assert enrolled.record("customers", "S000") is not None
    segmented.always = None
    segmented.feed.gone("customers", "S000")
    segmented.feed.build(CUSTOMERS, 50)
    with enrolled.db.writing():
        offers.withdraw(enrolled.db)
    assert enrolled.sync().verified and held(enrolled) == segmented.feed.live()
    assert "POST /v1/verify" not in segmented.seen
