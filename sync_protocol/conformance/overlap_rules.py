"""The rule of a late page: two syncs of one device overlap, and the page of the first arrives last.

They overlap in two processes on one folder, or in one process whose driver can start two syncs at once.
"""

import threading
import time
from collections.abc import Callable

from sync_protocol.conformance.device_fixture import DeviceFixture
from sync_protocol.conformance.http_server import Reply, Request
from sync_protocol.conformance.rule import NotApplicable, Rule, RuleViolation, expect
from sync_protocol.conformance.script import NW, Changes, customer

WAIT_SECONDS = 60.0
SERIAL_SECONDS = 10.0
"""How long a second sync may take to request a page; a device that takes longer runs its syncs one by one."""
LATE_SECONDS = 1.0
"""How long the late page waits for the end of the second sync. In one process nobody sees that end."""
Overlap = Callable[[DeviceFixture, threading.Event, threading.Event], None]
"""Starts two syncs, the second after the first event; sets the second event when the second sync has ended or
cannot begin, if that can be seen; returns when both have ended."""


def _in_two_processes(fixture: DeviceFixture, arrived: threading.Event, ended: threading.Event) -> None:
    driver = fixture.second_driver()

    def second() -> None:
        try:
            if driver.send({"do": "open", "folder": fixture.folder})["ok"]:
                driver.send({"do": "sync"})
        finally:
            ended.set()

    first = threading.Thread(target=_ignoring_violations(lambda: fixture.send("sync")))
    other = threading.Thread(target=_ignoring_violations(second))
    first.start()
    try:
        expect(arrived.wait(WAIT_SECONDS), "the sync requested no page")
        other.start()
        other.join(WAIT_SECONDS)
        first.join(WAIT_SECONDS)
    finally:
        driver.kill()


def _in_one_process(fixture: DeviceFixture, arrived: threading.Event, ended: threading.Event) -> None:
    fixture.send("sync", at_once=2)


def _ignoring_violations(run: Callable[[], object]) -> Callable[[], None]:
    """Return a function for a thread: what it did is seen in the replica afterwards."""

    def ignoring() -> None:
        try:
            run()
        except RuleViolation:
            return

    return ignoring


def _happens(event: threading.Event, unless: threading.Event) -> bool:
    """Wait until *event* is set, but not longer than `SERIAL_SECONDS` or until *unless* is set."""
    deadline = time.monotonic() + SERIAL_SECONDS
    while not event.wait(0.02):
        if unless.is_set() or time.monotonic() > deadline:
            return event.is_set()
    return True


def _arrives_late(fixture: DeviceFixture, overlap: Overlap, name: str) -> bool:
    """Let two syncs overlap; return whether the first page arrived after the second sync had moved on."""
    cursor = fixture.cursor
    arrived, moved_on, ended, was_late = (threading.Event() for _ in range(4))
    script = fixture.script
    script.page(cursor, f"kit:late-{name}", Changes(NW, "customers", [(60, customer("LATE"))]))
    late = fixture.server.page(cursor, Request("GET", "/v1/pull", {}, {}, b""))
    newer = Changes(NW, "customers", [(90, customer("C2", f"Newer {name}"))])
    script.page(cursor, f"kit:newer-{name}", newer, complete=False)
    script.page(f"kit:newer-{name}", f"kit:end-{name}")

    def watch(request: Request) -> Reply | None:
        if request.query.get("cursor") == f"kit:newer-{name}":
            moved_on.set()
        return None

    def delayed(request: Request) -> Reply:
        arrived.set()
        if _happens(moved_on, unless=ended):
            # The second sync must end first, or it might store its last page over the late one.
            ended.wait(LATE_SECONDS)
            was_late.set()
            return late
        return fixture.server.answer(request)

    fixture.server.override = watch
    fixture.server.next_pull(delayed)
    overlap(fixture, arrived, ended)
    fixture.must("sync")
    fixture.expect_replica(f"kit:end-{name}", "a page that arrived late was applied")
    return was_late.is_set()


def late_page(fixture: DeviceFixture) -> None:
    fixture.ready()
    fixture.must("sync")
    in_one = _arrives_late(fixture, _in_one_process, "one")
    in_two = _arrives_late(fixture, _in_two_processes, "two")
    if not in_one and not in_two:
        raise NotApplicable("the device runs one sync at a time, so no page can arrive late")


RULES = [
    Rule(
        "late-page",
        "A page is applied only if the device still holds the cursor that it sent",
        "docs/device.md#pages",
        late_page,
    ),
]
