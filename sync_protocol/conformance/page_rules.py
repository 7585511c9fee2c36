"""Rules of pages: what a device applies, in which order, and what it discards."""

import gzip
import json

from sync_protocol.conformance.device_fixture import FIRST_CURSOR, DeviceFixture
from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.conformance.rule import Rule, RuleViolation, expect
from sync_protocol.conformance.script import NW, SE, Changes, customer
from sync_protocol.conformance.scripted_server import Answer, etag_of
from sync_protocol.limits import LIMITS

DEVICE = "docs/device.md"
PAGE = "docs/device.md#pages"
CURSORS = "docs/device.md#cursors-that-are-not-known"
IGNORE = "docs/versioning.md#what-a-device-must-ignore"


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


def _always(reply: Reply) -> Answer:
    return lambda request: reply


def cut(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.page(
        FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3")), (7, customer("C1", "New"))])
    )
    page = fixture.server.page(FIRST_CURSOR, Request("GET", "/v1/pull", {}, {}, b""))
    for length in (0, 1, len(page.body) // 2, len(page.body) - 9, len(page.body) - 1):
        fixture.server.next_pull(_always(Reply(200, page.body, page.headers, cut=length)))
        fixture.send("sync")
    # A proxy that lost the end of the gzip stream and set Content-Length to what it had.
    for length in (len(page.body) // 2, len(page.body) - 8, len(page.body) - 1):
        fixture.server.next_pull(_always(Reply(200, page.body[:length], page.headers)))
        answer = fixture.send("sync")
        if fixture.browser and length >= len(page.body) - 8:
            # The browser inflates. All of the JSON is there: a page may be applied whole, or not at all.
            fixture.expect_replica("kit:2" if answer["ok"] else FIRST_CURSOR, "a cut page was applied in part")
            if answer["ok"]:
                return
            continue
        if answer["ok"]:
            raise RuleViolation(f"a page cut to {length} of {len(page.body)} bytes was accepted")
        fixture.expect_replica(FIRST_CURSOR, "a cut page changed the replica")
    fixture.must("sync")
    fixture.expect_replica("kit:2", "after cut pages the sync does not continue")


def page_size(fixture: DeviceFixture) -> None:
    """A connection that breaks after some kilobytes: only a small page arrives."""
    fixture.ready()
    fixture.script.page(FIRST_CURSOR, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    wide = LIMITS.page_bytes // 4

    def cut_large(request: Request) -> Reply | None:
        if request.path not in ("/v1/pull", "/v1/sync"):
            return None
        limit = (
            request.query.get("limit_bytes") or (request.value or {}).get("limit_bytes") or LIMITS.page_bytes
        )
        if int(limit) <= wide:
            return None
        complete = fixture.server.answer(request)
        return Reply(200, complete.body, complete.headers, cut=len(complete.body) // 2)

    fixture.server.override = cut_large
    for _ in range(6):
        fixture.send("sync")
    fixture.expect_replica(
        "kit:2", f"pages of more than {wide} bytes are cut, and no smaller ones are requested"
    )


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


def equal_position(fixture: DeviceFixture) -> None:
    fixture.ready()
    changes = Changes(NW, "customers", [(4, customer("C1", "The same position"))], [(5, "C2")])
    fixture.script.page(FIRST_CURSOR, "kit:2", changes)
    expect(fixture.script.rows["kit:2"] == fixture.script.rows[FIRST_CURSOR], "the kit's own script is wrong")
    fixture.must("sync")
    fixture.expect_replica("kit:2", "at the same position the stored row stays")


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
    order = fixture.sent_order()
    fixture.server.documents.clear()
    fixture.script.pages.clear()
    fixture.script.page(None, "kit:restart", Changes(NW, "customers", [(4, customer("C1", "Restarted"))]))
    refused = len(fixture.server.received)

    def refuse(request: Request) -> Reply | None:
        if request.path != "/v1/pull":
            return None
        return problem(503, "unavailable") if "cursor" not in request.query else problem(400, "cursor_invalid")

    fixture.server.override = refuse
    fixture.send("sync")
    fixture.send("sync")
    fixture.expect_replica(FIRST_CURSOR, "the records were deleted before the first page of the new run")
    fixture.server.override = None
    fixture.must("sync")
    fixture.must("sync")
    pulls = [r for r in fixture.server.received[refused:] if r.path == "/v1/pull"]
    expect(any("cursor" not in r.query for r in pulls), "it did not pull without a cursor")
    fixture.expect_replica("kit:restart", "after a pull from the start the replica")
    expect(order in fixture.server.documents, "a document that was sent before was not pushed again")


def not_yet(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.server.next_pull(lambda request: problem(503, "not_yet", retry_after=1))
    answer = fixture.send("sync")
    expect(not answer["ok"], "`not_yet` was treated as `no changes`")
    fixture.expect_replica(FIRST_CURSOR, "`not_yet` changed the replica")
    fixture.must("sync")


def no_progress(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.script.page(FIRST_CURSOR, FIRST_CURSOR, complete=False)
    before = len(fixture.server.received)
    answer = fixture.send("sync")
    count = len(fixture.server.received) - before
    expect(count < 50, f"it requested {count} times a page that does not move the cursor")
    expect(not answer["ok"], "an incomplete page that does not move the cursor was treated as success")


def page_is_atomic(fixture: DeviceFixture) -> None:
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
    Rule("page-size", "After a cut request smaller pages", f"{DEVICE}#one-sync", page_size),
    Rule("whole", "A page is applied whole or not at all", PAGE, page_is_atomic),
    Rule("drop", "`drop` first; the outbox stays", PAGE, drop),
    Rule("newest-wins", "The highest position wins; the order of the pages does not matter", PAGE, newest_wins),
    Rule("equal-position", "At the same position the stored row stays", PAGE, equal_position),
    Rule("move-put-first", "A move with the put before the tombstone", PAGE, move_put_first),
    Rule("move-gone-first", "A move with the tombstone before the put", PAGE, move_gone_first),
    Rule(
        "move-two-pages",
        "A move over two pages; a tombstone applies to its channel only",
        PAGE,
        move_in_two_pages,
    ),
    Rule("epoch", "A page of another epoch without `reset` is rejected", PAGE, epoch_without_reset),
    Rule(
        "cursor-invalid",
        "Pull from the start, keep the records until the first page, push sent documents again",
        "docs/device.md#cursors-that-are-not-known",
        cursor_invalid,
    ),
    Rule("not-yet", "`not_yet` is not `no changes`", CURSORS, not_yet),
    Rule("no-progress", "A page that does not move the cursor is not requested forever", PAGE, no_progress),
]
