"""One sync and the loop around it: polls, cursors that are not known, servers that are behind, waiting."""

import httpx
import pytest

from sync_protocol.device.device import Device
from sync_protocol.device.errors import ContractBroken, NotEnrolled, Offline, Problem
from sync_protocol.device.sync.schedule import Backoff
from tests.unit.device.company import customer, order_body
from tests.unit.device.conftest import Opened
from tests.unit.device.fake_server import FakeServer, problem


def held(device: Device) -> dict[tuple[str, str], object]:
    return {
        (collection, record["id"]): record
        for collection in device.status().counts
        for record in device.records(collection)
    }


def test_the_first_sync_ends_with_what_the_feed_has(enrolled: Device, server: FakeServer) -> None:
    report = enrolled.sync()
    assert report.complete and report.problem is None
    assert held(enrolled) == server.feed.live()
    assert report.received > 0 and report.poll_after == 60


def test_many_small_pages_end_with_the_same(enrolled: Device, server: FakeServer) -> None:
    server.page_rows = 1
    seen: list[int] = []
    report = enrolled.sync(on_progress=lambda so_far: seen.append(so_far.put))
    assert report.complete and report.pages == len(seen) >= len(server.feed.live())
    assert held(enrolled) == server.feed.live()


def test_a_page_that_ends_exactly_at_its_limit_is_followed_by_complete(
    enrolled: Device, server: FakeServer
) -> None:
    """History 15: the server cannot know yet that nothing follows, and says so with the next answer."""
    whole = server.feed.page

    def cautious(cursor: str | None, limit: int) -> dict[str, object]:
        page = whole(cursor, limit)
        return page | ({"complete": False, "check": None} if page["changes"] or cursor is None else {})

    server.feed.page = cautious  # type: ignore[method-assign]
    server.always = lambda request: (
        httpx.Response(304, headers={"Satchel-Poll-After": "30"})
        if "if-none-match" in request.headers and whole(request.url.params["cursor"], 10)["complete"]
        else None
    )
    report = enrolled.sync()
    assert report.complete and report.poll_after == 30
    assert server.seen.count("GET /v1/pull") == 2
    assert held(enrolled) == server.feed.live()
    # No page said what the replica ought to hold, so the server was asked.
    assert report.verified and server.seen.count("POST /v1/verify") == 1


def test_an_idle_poll_is_answered_304_and_changes_nothing(device: Device, server: FakeServer) -> None:
    before = held(device)
    report = device.sync()
    assert report.unchanged and report.complete and report.poll_after == 45
    assert held(device) == before


def test_the_etag_is_that_of_the_page_which_gave_the_cursor(device: Device, server: FakeServer) -> None:
    device.capture("order", order_body())
    device.sync()
    sent: list[str | None] = []
    server.always = lambda request: sent.append(request.headers.get("if-none-match"))
    device.sync()
    device.sync()
    assert sent[0] is None, "the page came by /v1/sync, which gave no tag"
    assert sent[1] is not None


def test_a_304_to_a_question_without_a_tag_is_not_believed(enrolled: Device, server: FakeServer) -> None:
    server.next("/v1/pull", lambda: httpx.Response(304))
    report = enrolled.sync()
    assert isinstance(report.problem, ContractBroken) and not report.complete


def test_an_invalid_cursor_starts_a_new_run_and_keeps_the_rows_until_its_first_page(
    device: Device, server: FakeServer
) -> None:
    before = held(device)
    server.next("/v1/pull", lambda: problem(400, "cursor_invalid"))
    server.tricks.append(lambda request: problem(503, "unavailable", retry_after=3))
    report = device.sync()
    assert report.retry_after == 3
    assert held(device) == before
    server.feed.gone("customers", "C2")
    assert device.sync().complete
    assert held(device) == server.feed.live()


def test_an_invalid_cursor_beside_results_keeps_the_results(device: Device, server: FakeServer) -> None:
    device.db.run("UPDATE sync_state SET cursor = 'of another server'")
    device.capture("order", order_body())
    report = device.sync()
    assert report.complete and [result["status"] for result in report.results] == ["received"]
    assert held(device) == server.feed.live()


def test_a_server_that_never_knows_the_cursor_is_not_asked_for_ever(device: Device, server: FakeServer) -> None:
    server.always = lambda request: problem(400, "cursor_invalid") if request.url.path == "/v1/pull" else None
    report = device.sync()
    assert isinstance(report.problem, Problem) and not report.complete


def test_a_page_that_moves_nothing_and_is_not_complete_stops_the_loop(
    device: Device, server: FakeServer
) -> None:
    cursor = device.status().sync_state.cursor
    page = server.feed.page(cursor) | {"complete": False, "cursor": cursor}
    server.always = lambda request: httpx.Response(200, json=page)
    assert isinstance(device.sync().problem, ContractBroken)


def test_a_server_that_is_behind_changes_nothing_and_names_its_wait(device: Device, server: FakeServer) -> None:
    before = held(device)
    server.next("/v1/pull", lambda: problem(503, "not_yet", retry_after=15))
    report = device.sync()
    assert (report.complete, report.retry_after) == (False, 15)
    assert held(device) == before


def test_a_revoked_territory_leaves_the_device_and_the_outbox_stays(device: Device, server: FakeServer) -> None:
    device.capture("order", order_body("C1"))
    server.offline = True
    device.sync()
    server.offline = False
    for collection in ("customers", "contacts", "orders", "receivables", "credit"):
        server.feed.revoke(("territory:NW", collection))
    device.sync()
    assert device.records("customers") == []
    assert len(device.documents()) == 1 and len(server.inbox) == 1


def test_without_a_network_nothing_is_lost_and_the_report_says_so(device: Device, server: FakeServer) -> None:
    device.capture("order", order_body())
    server.offline = True
    report = device.sync()
    assert isinstance(report.problem, Offline)
    assert device.documents()[0].attempts == 1
    assert device.records("customers")


def test_settle_goes_on_after_each_failure_and_waits_as_long_as_asked(
    opened: Opened, enrolled: Device, server: FakeServer
) -> None:
    waits: list[float] = []
    device = opened(sleep=waits.append)
    server.page_rows = 5
    for _ in range(3):
        server.tricks.append(lambda request: problem(503, "unavailable", retry_after=7))
    assert device.sync_until_done(tries=5).complete
    assert len(waits) == 3 and all(wait >= 7 for wait in waits)


def test_settle_gives_up_after_as_many_tries_as_it_was_given(
    opened: Opened, enrolled: Device, server: FakeServer
) -> None:
    waits: list[float] = []
    server.offline = True
    report = opened(sleep=waits.append).sync_until_done(tries=3)
    assert isinstance(report.problem, Offline) and len(waits) == 2


def test_settle_does_not_count_failures_between_which_something_arrived(
    opened: Opened, enrolled: Device, server: FakeServer
) -> None:
    server.page_rows = 1
    answered = 0

    def every_other(request: httpx.Request) -> httpx.Response | None:
        nonlocal answered
        answered += 1
        if answered % 2 == 0:
            raise httpx.ReadError("connection reset", request=request)
        return None

    server.always = every_other
    assert opened().sync_until_done(tries=2).complete


def test_watching_waits_for_poll_after_and_backs_off_while_offline(
    opened: Opened, device: Device, server: FakeServer
) -> None:
    waits: list[float] = []
    watching = opened(sleep=waits.append).watch()
    assert next(watching)[1] >= 45
    server.offline = True
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
    opened: Opened, device: Device, server: FakeServer
) -> None:
    other = opened()
    server.feed.put("territory:NW", "customers", "C3", customer("C3", "Gamma"))

    def overtaken(request: httpx.Request) -> httpx.Response | None:
        server.tricks.clear()
        late = server.answer(request, b"")
        server.feed.gone("customers", "C3")
        other.sync()
        return late

    server.tricks.append(overtaken)
    assert device.sync().complete
    assert held(device) == server.feed.live()
