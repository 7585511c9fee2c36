"""Rules of pages: what a device applies, in which order, and what it discards."""

import gzip
import json
import threading

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture
from sync_protocol.conformance.driver_process import Json
from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.conformance.script import NW, SE, Changes, customer
from sync_protocol.conformance.scripted_server import etag_of
from sync_protocol.conformance.verdict import Rule, RuleViolation, expect

PAGE = "docs/device.md#pages"
CURSORS = "docs/device.md#cursors-that-are-not-known"
IGNORE = "docs/versioning.md#what-a-device-must-ignore"
WAIT_SECONDS = 20


def until_complete(fixture: DeviceFixture) -> None:
    fixture.script.pages.clear()
    fixture.script.page(None, "kit:a", Changes(NW, "customers", [(1, customer("C1"))]), complete=False)
    fixture.script.page("kit:a", "kit:b", Changes(NW, "customers", [(2, customer("C2"))]), complete=False)
    fixture.script.page("kit:b", "kit:c", Changes(NW, "customers", [(3, customer("C3"))]))
    fixture.enrol()
    fixture.must("sync")
    fixture.expect_replica("kit:c")


def idle(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.must("sync")
    last = fixture.server.received[-1]
    expect(last.query.get("cursor") == FIRST_CURSOR, "the cursor of the last page was not sent")
    expect(
        last.headers.get("if-none-match") == etag_of(FIRST_CURSOR),
        "the page's ETag was not sent as If-None-Match",
    )
    fixture.expect_replica(FIRST_CURSOR, "a 304 changed the replica")
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    fixture.must("sync")
    fixture.expect_replica("kit:2")


def cut(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.page(
        FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3")), (7, customer("C1", "New"))])
    )
    whole = fixture.server.page(FIRST_CURSOR, Request("GET", "/v1/pull", {}, {}, b""))
    for length in (0, 1, len(whole.body) // 2, len(whole.body) - 9, len(whole.body) - 1):
        fixture.server.next_pull(
            lambda request, n=length: Reply(200, whole.body, whole.headers, cut=n)  # type: ignore[misc]
        )
        fixture.send("sync")
    # A proxy that lost the end of the gzip stream and set Content-Length to what it had.
    for length in (len(whole.body) // 2, len(whole.body) - 8, len(whole.body) - 1):
        fixture.server.next_pull(lambda request, n=length: Reply(200, whole.body[:n], whole.headers))  # type: ignore[misc]
        answer = fixture.send("sync")
        if answer["ok"]:
            raise RuleViolation(f"a page cut to {length} of {len(whole.body)} bytes was accepted")
        fixture.expect_replica(FIRST_CURSOR, "a cut page changed the replica")
    fixture.must("sync")
    fixture.expect_replica("kit:2", "after cut pages the sync does not continue")


def drop(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    # The page also puts a record of the same collection, which the drop must not delete.
    fixture.script.page(
        FIRST_CURSOR,
        "kit:2",
        Changes(SE, "customers", [(9, customer("C9", territory="SE"))]),
        drop=[(NW, "customers")],
    )
    fixture.must("sync")
    fixture.expect_replica("kit:2")
    fixture.expect_document(order)


def newest_wins(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(20, customer("C1", "Newest"))]))
    fixture.script.page("kit:2", "kit:3", Changes(NW, "customers", [(7, customer("C1", "Older"))], [(8, "C2")]))
    fixture.script.page(
        "kit:3", "kit:4", Changes(NW, "customers", [(30, customer("C2", "Back"))], [(19, "C1")])
    )
    for _ in range(3):
        fixture.must("sync")
    fixture.expect_replica("kit:4")


def move(fixture: DeviceFixture, *order: Changes, split: bool = False) -> None:
    fixture.ready()
    cursor = FIRST_CURSOR
    for n, part in enumerate([[change] for change in order] if split else [list(order)]):
        fixture.script.page(cursor, f"kit:move{n}", *part)
        cursor = f"kit:move{n}"
    for _ in range(len(order) if split else 1):
        fixture.must("sync")
    expected = fixture.script.rows[cursor]
    expect(("customers", "C1") in expected, "the kit's own script is wrong")
    fixture.expect_replica(cursor, "C1 moved from NW to SE")


def _halves() -> tuple[Changes, Changes]:
    put = Changes(SE, "customers", [(10, customer("C1", "Moved", "SE"))])
    return put, Changes(NW, "customers", gone=[(11, "C1")])


def move_put_first(fixture: DeviceFixture) -> None:
    put, gone = _halves()
    move(fixture, put, gone)


def move_gone_first(fixture: DeviceFixture) -> None:
    put, gone = _halves()
    move(fixture, gone, put)


def move_in_two_pages(fixture: DeviceFixture) -> None:
    put, gone = _halves()
    move(fixture, put, gone, split=True)


def reset(fixture: DeviceFixture) -> None:
    fixture.ready()
    order = fixture.order()
    fixture.must("sync")
    expect(order in fixture.server.documents, "the order was not pushed")
    fixture.server.documents.clear()
    fresh = Changes(NW, "customers", [(1, customer("C1", "After the restore"))])
    fixture.script.page(FIRST_CURSOR, "kit:other", fresh, reset="epoch_changed", epoch="kit-epoch-2")
    fixture.must("sync")
    fixture.must("sync")
    fixture.expect_replica("kit:other", "after a reset the replica")
    fixture.expect_document(order)
    expect(order in fixture.server.documents, "a document sent before the reset was not pushed again")


def epoch_without_reset(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.page(
        FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]), epoch="kit-epoch-2"
    )
    answer = fixture.send("sync")
    expect(not answer["ok"], "a page of another epoch without `reset` was accepted")
    fixture.expect_replica(FIRST_CURSOR, "a page of another epoch was applied")


def cursor_invalid(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.pages.clear()
    fixture.script.page(None, "kit:restart", Changes(NW, "customers", [(4, customer("C1", "Restarted"))]))
    fixture.server.next_pull(lambda request: problem(400, "cursor_invalid"))
    fixture.send("sync")
    fixture.must("sync")
    without_cursor = [r for r in fixture.server.requests("/v1/pull") if "cursor" not in r.query]
    expect(len(without_cursor) >= 2, "it did not pull without a cursor")
    fixture.expect_replica("kit:restart", "after a pull from the start the replica")


def not_yet(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.server.next_pull(lambda request: problem(503, "not_yet", {"Retry-After": "1"}))
    answer = fixture.send("sync")
    expect(not answer["ok"], "`not_yet` was treated as `no changes`")
    fixture.expect_replica(FIRST_CURSOR, "`not_yet` changed the replica")
    fixture.must("sync")


def late_page(fixture: DeviceFixture) -> None:
    """Two syncs on one folder overlap; the page of the first arrives after that of the second."""
    fixture.ready()
    arrived, release = threading.Event(), threading.Event()
    stale = fixture.script
    stale.page(FIRST_CURSOR, "kit:late", Changes(NW, "customers", [(6, customer("LATE"))]))
    late = fixture.server.page(FIRST_CURSOR, Request("GET", "/v1/pull", {}, {}, b""))

    def delayed(request: Request) -> Reply:
        arrived.set()
        release.wait(WAIT_SECONDS)
        return late

    fixture.server.next_pull(delayed)
    del stale.pages[FIRST_CURSOR]
    stale.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(9, customer("C2", "Newer"))]), drop=[])
    twin = fixture.second_driver()
    answers: list[Json] = []
    slow = threading.Thread(target=lambda: answers.append(fixture.send("sync")))
    slow.start()
    try:
        expect(arrived.wait(WAIT_SECONDS), "the sync requested no page")
        opened = twin.send({"do": "open", "folder": fixture.folder})
        if opened["ok"]:
            twin.send({"do": "sync"})
    finally:
        release.set()
        slow.join(WAIT_SECONDS)
        twin.kill()
    if opened["ok"]:
        fixture.must("sync")
        fixture.expect_replica("kit:2", "a page that arrived late was applied")


def unknown(fixture: DeviceFixture) -> None:
    fixture.ready()
    more: Json = {"colour": "of a newer server", "hints": [1, {"a": None}]}
    record = customer("C3") | {"loyalty": "gold"}
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, record)]), **more)
    fixture.must("sync")
    records = fixture.records()
    expect(("customers", "C3") in records, "a page with unknown fields was not applied")
    expect(
        records["customers", "C3"].get("name") == "Customer C3", "a record with an unknown field was changed"
    )
    fixture.server.next_pull(lambda request: problem(503, "of_a_newer_server"))
    expect(not fixture.send("sync")["ok"], "an unknown error code was treated as success")
    fixture.must("sync")


def no_progress(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.page(FIRST_CURSOR, FIRST_CURSOR, complete=False)
    before = len(fixture.server.received)
    answer = fixture.send("sync")
    count = len(fixture.server.received) - before
    expect(count < 50, f"it requested {count} times a page that does not move the cursor")
    expect(not answer["ok"], "an incomplete page that does not move the cursor was treated as success")


def whole_or_not(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    page = json.loads(json.dumps(fixture.script.pages[FIRST_CURSOR]))
    page["changes"].append({"channel": NW, "collection": "customers", "put": [["7", None]], "gone": []})
    packed = gzip.compress(json.dumps(page).encode(), mtime=0)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "ETag": etag_of("kit:2")}
    fixture.server.next_pull(lambda request: Reply(200, packed, headers))
    answer = fixture.send("sync")
    expect(not answer["ok"], "a page with an invalid change was treated as success")
    fixture.expect_replica(FIRST_CURSOR, "half of a page was applied")


RULES = [
    Rule("until-complete", "Pull until a page is complete", PAGE, until_complete),
    Rule(
        "idle", "Send cursor and ETag of the last page; a 304 changes nothing", "docs/device.md#polling", idle
    ),
    Rule("cut", "A page cut at any byte changes nothing", "docs/device.md#trusting-a-reply", cut),
    Rule("whole", "A page is applied whole or not at all", PAGE, whole_or_not),
    Rule("drop", "`drop` first; the outbox stays", PAGE, drop),
    Rule("newest-wins", "The highest position wins, in whatever order pages arrive", PAGE, newest_wins),
    Rule("move-put-first", "A move with the put before the tombstone", PAGE, move_put_first),
    Rule("move-gone-first", "A move with the tombstone before the put", PAGE, move_gone_first),
    Rule(
        "move-two-pages",
        "A move over two pages; a tombstone applies to its channel only",
        PAGE,
        move_in_two_pages,
    ),
    Rule(
        "late-page", "A page is applied only if the device still holds the cursor that it sent", PAGE, late_page
    ),
    Rule("reset", "`epoch_changed`: delete the replica, push sent documents again", PAGE, reset),
    Rule("epoch", "A page of another epoch without `reset` is rejected", PAGE, epoch_without_reset),
    Rule(
        "cursor-invalid",
        "Pull from the start, and replace the replica",
        "docs/device.md#cursors-that-are-not-known",
        cursor_invalid,
    ),
    Rule("not-yet", "`not_yet` is not `no changes`", CURSORS, not_yet),
    Rule(
        "unknown",
        "Unknown fields and codes are tolerated",
        "docs/versioning.md#what-a-device-must-ignore",
        unknown,
    ),
    Rule("no-progress", "A page that does not move the cursor is not requested forever", PAGE, no_progress),
]
