"""Segments: fetched from where the last sync was cut, checked, applied by rule 10, and swept when nobody's."""

import gzip

import pytest

from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.device.capture import forms
from sync_protocol.device.device import Device
from sync_protocol.device.store import offers
from sync_protocol.device.sync import segments
from sync_protocol.device.sync.report import SyncReport
from tests.unit.device.company import TERRITORY, customer
from tests.unit.device.contents import contents
from tests.unit.device.feed_server import FeedServer
from tests.unit.device.sync.segmented import CUSTOMERS, cut, segment_reply, segment_requests, segmented

__all__ = ["segmented"]


def test_a_first_sync_takes_segments_and_then_rows(enrolled: Device, segmented: FeedServer) -> None:
    report = enrolled.sync()
    assert (report.segments, len(segment_requests(segmented))) == (7, 7)
    assert report.verified and contents(enrolled) == segmented.feed.live()
    assert list(enrolled.parts.folder.iterdir()) == []
    assert enrolled.sync().unchanged


def test_what_changed_after_the_segments_were_built_follows(enrolled: Device, segmented: FeedServer) -> None:
    segmented.feed.put(TERRITORY, "customers", "S001", customer("S001", "Renamed"))
    segmented.feed.gone("customers", "S299")
    segmented.feed.put("nowhere", "customers", "S298", customer("S298", "Moved away", territory="SE"))
    assert enrolled.sync().verified
    assert contents(enrolled) == segmented.feed.live()
    names = {record["id"]: record["name"] for record in enrolled.records("customers")}
    assert names["S001"] == "Renamed" and "S299" not in names and "S298" not in names


def test_a_sync_cut_twenty_times_fetches_next_to_nothing_twice(enrolled: Device, segmented: FeedServer) -> None:
    total_bytes = sum(len(data) for data in segmented.feed.files.values())
    passed = 0

    def break_after_a_thirtieth(request: Request) -> Reply | None:
        nonlocal passed
        reply = segment_reply(segmented, request)
        if reply is None:
            return None
        passed += min(total_bytes // 30, len(reply.body))
        return cut(reply, total_bytes // 30) if total_bytes // 30 < len(reply.body) else reply

    segmented.override = break_after_a_thirtieth
    syncs = 0
    while not (report := enrolled.sync()).complete:
        assert report.downloaded > 0
        syncs += 1
    assert syncs >= 20 and report.verified
    assert passed <= total_bytes * 1.05 and passed >= total_bytes
    # While it is being fetched no page is asked for again: one before and one after.
    assert segmented.request_lines().count("GET /v1/pull") == 2
    assert contents(enrolled) == segmented.feed.live()


def test_documents_do_not_wait_for_the_download(enrolled: Device, segmented: FeedServer) -> None:
    segmented.override = lambda request: (
        problem(503, "unavailable") if request.path.startswith("/v1/segments/") else None
    )
    assert not enrolled.sync().complete
    segmented.override = None
    # Customers are not there yet; products, prices and units are, for they came as rows.
    line = forms.Line("P1", "40")
    body = forms.forecast(enrolled.db, warehouse="W1", period="2026-12", lines=[line])
    enrolled.capture("forecast", body)
    report = enrolled.sync()
    assert "POST /v1/push" in segmented.request_lines() and "POST /v1/sync" not in segmented.request_lines()
    assert report.verified and [result["status"] for result in report.results] == ["received"]


def test_urgent_collections_come_first_and_then_the_device_is_usable(
    enrolled: Device, segmented: FeedServer
) -> None:
    for n in range(100):
        segmented.feed.put(TERRITORY, "contacts", f"c{n}", {"id": f"c{n}", "customer_id": "C1", "name": "Ann"})
    segmented.feed.build_in_segments((TERRITORY, "contacts"), 50)
    page_after = segmented.feed.page_after

    def ranked(cursor: str | None) -> dict[str, object]:
        page = page_after(cursor)
        for offer in page["segments"]:
            offer["priority"] = 3 if offer["collection"] == "customers" else 2
        return page

    segmented.feed.page_after = ranked
    usable: list[bool] = []
    progress: list[tuple[int, int]] = []

    def on_progress(report: SyncReport) -> None:
        usable.append(report.download.usable)
        progress.append((report.download.bytes_applied, report.download.bytes))

    enrolled.sync(on_progress)
    first = [segmented.feed.files[path.rpartition("/")[2]] for path in segment_requests(segmented)[:2]]
    assert all(b'"collection":"contacts"' in gzip.decompress(data) for data in first)
    assert usable[1] is False and usable[-2] is True
    assert progress[-2][0] == progress[-2][1] > 0


@pytest.mark.parametrize("status", [404, 410])
def test_a_segment_that_is_gone_is_not_waited_for(enrolled: Device, segmented: FeedServer, status: int) -> None:
    """The list is forgotten and the next page brings another; what was applied of it counts."""
    fetched = 0

    def third_is_gone(request: Request) -> Reply | None:
        nonlocal fetched
        if request.path.startswith("/v1/segments/"):
            fetched += 1
            if fetched == 3:
                segmented.feed.put(TERRITORY, "customers", "S299", customer("S299", "Changed at the end"))
                segmented.feed.build_in_segments(CUSTOMERS, 50)
                segmented.feed.sweep()
                return problem(status, "segment_gone")
        return None

    segmented.override = third_is_gone
    report = enrolled.sync()
    assert report.verified and contents(enrolled) == segmented.feed.live()
    assert segmented.request_lines().count("GET /v1/pull") == 3


def test_a_segment_applied_counts_in_the_next_list_only_at_the_same_position(
    enrolled: Device, segmented: FeedServer
) -> None:
    """The same bytes at a later position say more: that nothing happened in between."""
    answered = 0

    def stop_after_two(request: Request) -> Reply | None:
        nonlocal answered
        if request.path.startswith("/v1/segments/"):
            answered += 1
            return problem(503, "unavailable") if answered == 3 else None
        return None

    segmented.override = stop_after_two
    enrolled.sync()
    first = set(segment_requests(segmented)[:2])
    with enrolled.db.writing():
        offers.forget_pending(enrolled.db)
    # The same position: the two are not fetched again.
    segmented.received.clear()
    answered = -100
    cursor = enrolled.status().sync_state.cursor
    offered = segmented.feed.page_after(cursor)["segments"]
    assert len(offered) == 7
    segmented.override = lambda request: (
        problem(503, "unavailable") if request.path.startswith("/v1/segments/") else None
    )
    enrolled.sync()
    assert offers.progress(enrolled.db).segments == 7
    assert {f"GET /v1/segments/{name}" for name in offers.pending_names(enrolled.db)}.isdisjoint(first)
    # Built again later: the same names, another position, and all are to be applied.
    segmented.feed.put(TERRITORY, "customers", "S299", customer("S299", "Changed at the end"))
    segmented.feed.build_in_segments(CUSTOMERS, 50)
    with enrolled.db.writing():
        offers.forget_pending(enrolled.db)
    enrolled.sync()
    assert {f"GET /v1/segments/{name}" for name in offers.pending_names(enrolled.db)} >= first
    segmented.override = None
    assert enrolled.sync().verified and contents(enrolled) == segmented.feed.live()


def test_a_revoked_stream_takes_its_offers_along(enrolled: Device, segmented: FeedServer) -> None:
    """History 6: offered, then revoked."""
    taken = 0

    def stop_after_two(request: Request) -> Reply | None:
        nonlocal taken
        taken += request.path.startswith("/v1/segments/")
        return problem(503, "unavailable") if taken == 3 else None

    segmented.override = stop_after_two
    enrolled.sync()
    assert len(enrolled.records("customers")) == 100
    segmented.override = None
    segmented.feed.revoke(CUSTOMERS)
    segmented.once(
        segment_requests(segmented)[-1].removeprefix("GET "), lambda request: problem(404, "segment_gone")
    )
    assert enrolled.sync().verified
    assert enrolled.records("customers") == [] and offers.progress(enrolled.db).segments == 0


def test_an_old_segment_does_not_bring_back_what_was_deleted(device: Device, server: FeedServer) -> None:
    """History 5: k is in the segment of an older set, which was on its way when a newer one was offered."""
    server.feed.build_in_segments(CUSTOMERS, 1)
    server.feed.revoke(CUSTOMERS)
    device.sync()
    server.feed.grant(CUSTOMERS)
    server.override = lambda request: (
        problem(503, "unavailable") if request.path.startswith("/v1/segments/") else None
    )
    device.sync()
    late = offers.next_pending(device.db)
    server.override = None
    server.feed.gone("customers", "C1")
    server.feed.build_in_segments(CUSTOMERS, 1)
    with device.db.writing():
        offers.forget_pending(device.db)
    device.sync()
    assert late is not None
    assert not segments.apply(device.db, late, segments.read(late, server.feed.files[late.sha256])).applied
    assert contents(device) == server.feed.live()


def test_what_was_gone_when_a_newer_set_was_built_is_deleted_by_its_segments(
    enrolled: Device, segmented: FeedServer
) -> None:
    """The tombstone lies below the new set's position and never travels; no repair is needed for it."""
    taken = 0

    def stop_after_two(request: Request) -> Reply | None:
        nonlocal taken
        taken += request.path.startswith("/v1/segments/")
        return problem(503, "unavailable") if taken == 3 else None

    segmented.override = stop_after_two
    enrolled.sync()
    assert enrolled.record("customers", "S000") is not None
    segmented.override = None
    segmented.feed.gone("customers", "S000")
    segmented.feed.build_in_segments(CUSTOMERS, 50)
    with enrolled.db.writing():
        offers.forget_pending(enrolled.db)
    assert enrolled.sync().verified and contents(enrolled) == segmented.feed.live()
    assert "POST /v1/verify" not in segmented.request_lines()
