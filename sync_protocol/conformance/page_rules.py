"""Rules of pages: what is applied, in which order, and what is thrown away."""

import gzip
import json
import threading

from sync_protocol.conformance.device_fixture import FIRST, DeviceFixture
from sync_protocol.conformance.driver_process import Json
from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.conformance.script import NW, SE, Changes, customer
from sync_protocol.conformance.scripted_server import tag
from sync_protocol.conformance.verdict import Rule, RuleViolation, expect

PAGE = "docs/device.md#pages"
CURSORS = "docs/device.md#cursors-that-are-not-known"
IGNORE = "docs/versioning.md#what-a-device-must-ignore"
WAIT_SECONDS = 20


def until_complete(bench: DeviceFixture) -> None:
    bench.story.pages.clear()
    bench.story.page(None, "kit:a", Changes(NW, "customers", [(1, customer("C1"))]), complete=False)
    bench.story.page("kit:a", "kit:b", Changes(NW, "customers", [(2, customer("C2"))]), complete=False)
    bench.story.page("kit:b", "kit:c", Changes(NW, "customers", [(3, customer("C3"))]))
    bench.enrol()
    bench.must("sync")
    bench.holds("kit:c")


def idle(bench: DeviceFixture) -> None:
    bench.ready()
    bench.must("sync")
    last = bench.server.asked[-1]
    expect(last.query.get("cursor") == FIRST, "the cursor of the last page was not sent")
    expect(last.headers.get("if-none-match") == tag(FIRST), "the page's ETag was not sent as If-None-Match")
    bench.holds(FIRST, "a 304 changed the replica")
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    bench.must("sync")
    bench.holds("kit:2")


def cut(bench: DeviceFixture) -> None:
    bench.ready()
    bench.story.page(
        FIRST, "kit:2", Changes(NW, "customers", [(6, customer("C3")), (7, customer("C1", "New"))])
    )
    whole = bench.server.page(FIRST, Request("GET", "/v1/pull", {}, {}, b""))
    for length in (0, 1, len(whole.body) // 2, len(whole.body) - 9, len(whole.body) - 1):
        bench.server.next_pull(
            lambda request, n=length: Reply(200, whole.body, whole.headers, cut=n)  # type: ignore[misc]
        )
        bench.tell("sync")
    # A proxy that lost the end of the gzip and then counted what it had.
    for length in (len(whole.body) // 2, len(whole.body) - 8, len(whole.body) - 1):
        bench.server.next_pull(lambda request, n=length: Reply(200, whole.body[:n], whole.headers))  # type: ignore[misc]
        answer = bench.tell("sync")
        if answer["ok"]:
            raise RuleViolation(f"a page cut to {length} of {len(whole.body)} bytes was taken for whole")
        bench.holds(FIRST, "a cut page changed the replica")
    bench.must("sync")
    bench.holds("kit:2", "after cut pages the sync does not go on")


def drop(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    # The page puts a record of the same collection, which must not fall to the drop.
    bench.story.page(
        FIRST,
        "kit:2",
        Changes(SE, "customers", [(9, customer("C9", territory="SE"))]),
        drop=[(NW, "customers")],
    )
    bench.must("sync")
    bench.holds("kit:2")
    bench.kept(order)


def newest_wins(bench: DeviceFixture) -> None:
    bench.ready()
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(20, customer("C1", "Newest"))]))
    bench.story.page("kit:2", "kit:3", Changes(NW, "customers", [(7, customer("C1", "Older"))], [(8, "C2")]))
    bench.story.page("kit:3", "kit:4", Changes(NW, "customers", [(30, customer("C2", "Back"))], [(19, "C1")]))
    for _ in range(3):
        bench.must("sync")
    bench.holds("kit:4")


def move(bench: DeviceFixture, *order: Changes, split: bool = False) -> None:
    bench.ready()
    cursor = FIRST
    for n, part in enumerate([[change] for change in order] if split else [list(order)]):
        bench.story.page(cursor, f"kit:move{n}", *part)
        cursor = f"kit:move{n}"
    for _ in range(len(order) if split else 1):
        bench.must("sync")
    expected = bench.story.rows[cursor]
    expect(("customers", "C1") in expected, "the kit's own story is wrong")
    bench.holds(cursor, "C1 moved from NW to SE")


def _halves() -> tuple[Changes, Changes]:
    put = Changes(SE, "customers", [(10, customer("C1", "Moved", "SE"))])
    return put, Changes(NW, "customers", gone=[(11, "C1")])


def move_put_first(bench: DeviceFixture) -> None:
    put, gone = _halves()
    move(bench, put, gone)


def move_gone_first(bench: DeviceFixture) -> None:
    put, gone = _halves()
    move(bench, gone, put)


def move_in_two_pages(bench: DeviceFixture) -> None:
    put, gone = _halves()
    move(bench, put, gone, split=True)


def reset(bench: DeviceFixture) -> None:
    bench.ready()
    order = bench.order()
    bench.must("sync")
    expect(order in bench.server.documents, "the order was not pushed")
    bench.server.documents.clear()
    fresh = Changes(NW, "customers", [(1, customer("C1", "After the restore"))])
    bench.story.page(FIRST, "kit:other", fresh, reset="epoch_changed", epoch="kit-epoch-2")
    bench.must("sync")
    bench.must("sync")
    bench.holds("kit:other", "after a reset the old records")
    bench.kept(order)
    expect(order in bench.server.documents, "what was sent before the reset was not pushed again")


def epoch_without_reset(bench: DeviceFixture) -> None:
    bench.ready()
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]), epoch="kit-epoch-2")
    answer = bench.tell("sync")
    expect(not answer["ok"], "a page of another epoch without `reset` was taken")
    bench.holds(FIRST, "a page of another epoch was applied")


def cursor_invalid(bench: DeviceFixture) -> None:
    bench.ready()
    bench.story.pages.clear()
    bench.story.page(None, "kit:anew", Changes(NW, "customers", [(4, customer("C1", "Anew"))]))
    bench.server.next_pull(lambda request: problem(400, "cursor_invalid"))
    bench.tell("sync")
    bench.must("sync")
    last = [r for r in bench.server.requests("/v1/pull") if "cursor" not in r.query]
    expect(len(last) >= 2, "it did not pull without a cursor")
    bench.holds("kit:anew", "records of before the new run")


def not_yet(bench: DeviceFixture) -> None:
    bench.ready()
    bench.server.next_pull(lambda request: problem(503, "not_yet", {"Retry-After": "1"}))
    answer = bench.tell("sync")
    expect(not answer["ok"], "`not_yet` was taken for `no changes`")
    bench.holds(FIRST, "`not_yet` changed the replica")
    bench.must("sync")


def late_page(bench: DeviceFixture) -> None:
    """Two syncs on one folder overlap; the page of the first comes after that of the second."""
    bench.ready()
    arrived, go = threading.Event(), threading.Event()
    stale = bench.story
    stale.page(FIRST, "kit:late", Changes(NW, "customers", [(6, customer("LATE"))]))
    late = bench.server.page(FIRST, Request("GET", "/v1/pull", {}, {}, b""))

    def held(request: Request) -> Reply:
        arrived.set()
        go.wait(WAIT_SECONDS)
        return late

    bench.server.next_pull(held)
    del stale.pages[FIRST]
    stale.page(FIRST, "kit:2", Changes(NW, "customers", [(9, customer("C2", "Gone on"))]), drop=[])
    twin = bench.twin()
    answers: list[Json] = []
    slow = threading.Thread(target=lambda: answers.append(bench.tell("sync")))
    slow.start()
    try:
        expect(arrived.wait(WAIT_SECONDS), "the sync asked for no page")
        opened = twin.tell({"do": "open", "folder": bench.folder})
        if opened["ok"]:
            twin.tell({"do": "sync"})
    finally:
        go.set()
        slow.join(WAIT_SECONDS)
        twin.kill()
    if opened["ok"]:
        bench.must("sync")
        bench.holds("kit:2", "a page came late and was applied all the same")


def unknown(bench: DeviceFixture) -> None:
    bench.ready()
    more: Json = {"colour": "of a newer server", "hints": [1, {"a": None}]}
    record = customer("C3") | {"loyalty": "gold"}
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(6, record)]), **more)
    bench.must("sync")
    held = bench.records()
    expect(("customers", "C3") in held, "a page with unknown fields was not applied")
    expect(held["customers", "C3"].get("name") == "Customer C3", "a record with an unknown field was mangled")
    bench.server.next_pull(lambda request: problem(503, "of_a_newer_server"))
    expect(not bench.tell("sync")["ok"], "an unknown error code was taken for success")
    bench.must("sync")


def no_progress(bench: DeviceFixture) -> None:
    bench.ready()
    bench.story.page(FIRST, FIRST, complete=False)
    before = len(bench.server.asked)
    answer = bench.tell("sync")
    asked = len(bench.server.asked) - before
    expect(asked < 50, f"it asked {asked} times for a page that moves nothing")
    expect(not answer["ok"], "a page that moves nothing and is not complete was taken for success")


def whole_or_not(bench: DeviceFixture) -> None:
    bench.ready()
    bench.story.page(FIRST, "kit:2", Changes(NW, "customers", [(6, customer("C3"))]))
    page = json.loads(json.dumps(bench.story.pages[FIRST]))
    page["changes"].append({"channel": NW, "collection": "customers", "put": [["7", None]], "gone": []})
    packed = gzip.compress(json.dumps(page).encode(), mtime=0)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "ETag": tag("kit:2")}
    bench.server.next_pull(lambda request: Reply(200, packed, headers))
    answer = bench.tell("sync")
    expect(not answer["ok"], "a page with a change that is none was taken for success")
    bench.holds(FIRST, "half of a page was applied")


RULES = [
    Rule("until-complete", "Pull until a page is complete", PAGE, until_complete),
    Rule("idle", "Cursor and ETag of the last page; a 304 changes nothing", "docs/device.md#polling", idle),
    Rule("cut", "A page cut at any byte changes nothing", "docs/device.md#trusting-a-reply", cut),
    Rule("whole", "A page is applied whole or not at all", PAGE, whole_or_not),
    Rule("drop", "`drop` first; the outbox stays", PAGE, drop),
    Rule("newest-wins", "The highest position wins, whatever comes when", PAGE, newest_wins),
    Rule("move-put-first", "A move, the put before the tombstone", PAGE, move_put_first),
    Rule("move-gone-first", "A move, the tombstone before the put", PAGE, move_gone_first),
    Rule("move-two-pages", "A move over two pages; a tombstone is for its channel", PAGE, move_in_two_pages),
    Rule("late-page", "A page is applied only over the cursor it was asked with", PAGE, late_page),
    Rule("reset", "`epoch_changed`: delete the replica, push again what was sent", PAGE, reset),
    Rule("epoch", "Another epoch without `reset` is refused", PAGE, epoch_without_reset),
    Rule(
        "cursor-invalid",
        "Begin anew, and replace what there was",
        "docs/device.md#cursors-that-are-not-known",
        cursor_invalid,
    ),
    Rule("not-yet", "`not_yet` is not `no changes`", CURSORS, not_yet),
    Rule(
        "unknown",
        "Unknown fields and codes are borne",
        "docs/versioning.md#what-a-device-must-ignore",
        unknown,
    ),
    Rule("no-progress", "A page that moves nothing is not asked for for ever", PAGE, no_progress),
]
