"""One sync and the loop around it: polls, cursors that are not known, servers that are behind, waiting."""

from dataclasses import replace

import pytest

from sync_protocol.conformance.http_server import Reply, Request, json_reply, problem
from sync_protocol.device.device import Device
from sync_protocol.device.errors import ContractBroken, NotEnrolled, Offline, Problem
from sync_protocol.device.sync.schedule import Backoff
from tests.unit.device.company import customer, order_body
from tests.unit.device.conftest import Opened
from tests.unit.device.contents import contents
from tests.unit.device.feed_server import FeedServer

GZIPPED_JSON = {"Content-Type": "application/json", "Content-Encoding": "gzip"}


def test_the_first_sync_ends_with_what_the_feed_has(enrolled: Device, server: FeedServer) -> None:
    report = enrolled.sync()
    assert report.complete and report.problem is None
    assert contents(enrolled) == server.feed.live()
    assert report.received > 0 and report.poll_after == 60


def test_many_small_pages_lead_to_the_same_replica(enrolled: Device, server: FeedServer) -> None:
    server.feed.page_rows = 1
    rows_after_each_page: list[int] = []
    report = enrolled.sync(on_progress=lambda so_far: rows_after_each_page.append(so_far.put))
    assert report.complete and report.pages == len(rows_after_each_page) >= len(server.feed.live())
    assert contents(enrolled) == server.feed.live()


def test_a_page_that_ends_exactly_at_its_limit_is_followed_by_complete(
    enrolled: Device, server: FeedServer
) -> None:
    """History 15: the server cannot know yet that nothing follows, and says so with the next answer."""
    page_after = server.feed.page_after

    def cautious(cursor: str | None) -> dict[str, object]:
        page = page_after(cursor)
        return page | ({"complete": False, "check": None} if page["changes"] or cursor is None else {})

    server.feed.page_after = cautious
    server.override = lambda request: (
        Reply(304, headers={"Satchel-Poll-After": "30"})
        if "if-none-match" in request.headers and page_after(request.query["cursor"])["complete"]
        else None
    )
    report = enrolled.sync()
    assert report.complete and report.poll_after == 30
    assert server.request_lines().count("GET /v1/pull") == 2
    assert contents(enrolled) == server.feed.live()
    # No page said what the replica ought to hold, so the server was asked.
    assert report.verified and server.request_lines().count("POST /v1/verify") == 1


def test_an_idle_poll_is_answered_304_and_changes_nothing(device: Device, server: FeedServer) -> None:
    before = contents(device)
    report = device.sync()
    assert report.unchanged and report.complete and report.poll_after == 45
    assert contents(device) == before


def test_the_etag_is_that_of_the_page_which_gave_the_cursor(device: Device, server: FeedServer) -> None:
    device.capture("order", order_body())
    server.once("/v1/sync", lambda request: replace(server.answer(request), headers=GZIPPED_JSON))
    device.sync()
    server.received.clear()
    device.sync()
    device.sync()
    device.capture("order", order_body())
    device.sync()
    device.sync()
    tags = [request.headers.get("if-none-match") for request in server.requests("/v1/pull")]
    assert tags[0] is None, "the page came by /v1/sync without a tag"
    assert tags[1] is not None, "the page came by /v1/pull"
    assert tags[2] not in (None, tags[1]), "the page came by /v1/sync with a tag"


def test_a_304_to_a_request_without_an_etag_is_rejected(enrolled: Device, server: FeedServer) -> None:
    server.once("/v1/pull", lambda request: Reply(304))
    report = enrolled.sync()
    assert isinstance(report.problem, ContractBroken) and not report.complete


def test_an_invalid_cursor_starts_a_new_run_and_keeps_the_rows_until_its_first_page(
    device: Device, server: FeedServer
) -> None:
    before = contents(device)
    server.once("/v1/pull", lambda request: problem(400, "cursor_invalid"))
    server.once("/", lambda request: problem(503, "unavailable", retry_after=3))
    report = device.sync()
    assert report.retry_after == 3
    assert contents(device) == before
    server.feed.gone("customers", "C2")
    assert device.sync().complete
    assert contents(device) == server.feed.live()


def test_an_invalid_cursor_beside_results_keeps_the_results(device: Device, server: FeedServer) -> None:
    device.db.run("UPDATE sync_state SET cursor = 'of another server'")
    device.capture("order", order_body())
    report = device.sync()
    assert report.complete and [result["status"] for result in report.results] == ["received"]
    assert contents(device) == server.feed.live()


def test_a_server_that_rejects_every_cursor_is_not_asked_forever(device: Device, server: FeedServer) -> None:
    server.override = lambda request: problem(400, "cursor_invalid") if request.path == "/v1/pull" else None
    report = device.sync()
    assert isinstance(report.problem, Problem) and not report.complete


def test_a_page_that_moves_nothing_and_is_not_complete_stops_the_loop(
    device: Device, server: FeedServer
) -> None:
    cursor = device.status().sync_state.cursor
    page = server.feed.page_after(cursor) | {"complete": False, "cursor": cursor, "check": None}
    server.override = lambda request: json_reply(page)
    assert isinstance(device.sync().problem, ContractBroken)


def test_a_server_that_is_behind_changes_nothing_and_names_its_wait(device: Device, server: FeedServer) -> None:
    before = contents(device)
    server.once("/v1/pull", lambda request: problem(503, "not_yet", retry_after=15))
    report = device.sync()
    assert (report.complete, report.retry_after) == (False, 15)
    assert contents(device) == before


def test_a_revoked_territory_leaves_the_device_and_the_outbox_stays(device: Device, server: FeedServer) -> None:
    device.capture("order", order_body("C1"))
    server.network.offline = True
    device.sync()
    server.network.offline = False
    for collection in ("customers", "contacts", "orders", "receivables", "credit"):
        server.feed.revoke(("territory:NW", collection))
    device.sync()
    assert device.records("customers") == []
    assert len(device.documents()) == 1 and len(server.inbox) == 1


def test_without_a_network_nothing_is_lost_and_the_report_says_so(device: Device, server: FeedServer) -> None:
    device.capture("order", order_body())
    server.network.offline = True
    report = device.sync()
    assert isinstance(report.problem, Offline)
    assert device.documents()[0].attempts == 1
    assert device.records("customers")


def test_sync_until_done_continues_after_each_failure_and_waits_as_long_as_asked(
    opened: Opened, enrolled: Device, server: FeedServer
) -> None:
    waits: list[float] = []
    device = opened(sleep=waits.append)
    server.feed.page_rows = 5
    for _ in range(3):
        server.once("/", lambda request: problem(503, "unavailable", retry_after=7))
    assert device.sync_until_done(tries=5).complete
    assert len(waits) == 3 and all(wait >= 7 for wait in waits)


def test_sync_until_done_gives_up_after_as_many_tries_as_it_was_given(
    opened: Opened, enrolled: Device, server: FeedServer
) -> None:
    waits: list[float] = []
    server.network.offline = True
    report = opened(sleep=waits.append).sync_until_done(tries=3)
    assert isinstance(report.problem, Offline) and len(waits) == 2


def test_sync_until_done_does_not_count_failures_between_which_something_arrived(
    opened: Opened, enrolled: Device, server: FeedServer
) -> None:
    server.feed.page_rows = 1
    answered = 0

    def every_other(request: Request) -> Reply | None:
        nonlocal answered
        answered += 1
        if answered % 2 == 0:
            return Reply(0, lost=True)
        return None

    server.override = every_other
    assert opened().sync_until_done(tries=2).complete


def test_watching_waits_for_poll_after_and_backs_off_while_offline(
    opened: Opened, device: Device, server: FeedServer
) -> None:
    waits: list[float] = []
    watching = opened(sleep=waits.append).watch()
    assert next(watching)[1] >= 45
    server.network.offline = True
    next(watching)
    next(watching)
    next(watching)
    assert waits[0] >= 45 and waits[1] < waits[2]


def test_backoff_draws_from_the_whole_range_grows_and_is_bounded() -> None:
    least, most = Backoff(draw=lambda: 0.0), Backoff(draw=lambda: 1.0, cap=60)
    assert [least.after_failure() for _ in range(3)] == [0, 0, 0]
    assert [most.after_failure() for _ in range(7)] == [2, 4, 8, 16, 32, 60, 60]
    most.after_success(60)
    assert most.after_failure() == 2


def test_backoff_is_never_shorter_than_retry_after() -> None:
    assert Backoff(draw=lambda: 0.0).after_failure(30) == 30
    assert 30 < Backoff(draw=lambda: 1.0).after_failure(30) <= 45
    assert Backoff(draw=lambda: 0.0).after_success(60) == 60


def test_syncing_needs_an_enrolment(opened: Opened) -> None:
    with pytest.raises(NotEnrolled):
        opened().sync()


def test_two_processes_on_one_folder_do_not_mix_their_pages(
    opened: Opened, device: Device, server: FeedServer
) -> None:
    other = opened()
    server.feed.put("territory:NW", "customers", "C3", customer("C3", "Gamma"))

    def overtaken(request: Request) -> Reply:
        late = server.answer(request)
        server.feed.gone("customers", "C3")
        other.sync()
        return late

    server.once("/", overtaken)
    assert device.sync().complete
    assert contents(device) == server.feed.live()
