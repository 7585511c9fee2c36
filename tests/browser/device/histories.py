"""Random histories of one phone in Chromium, over a bad line, against a model of the feed.

Whatever happens, in the end the replica is what the server says, every captured document is on the server
exactly as
it was captured, and the outbox still has it. The check is outside the device: the model of the feed, and the
list of ids that `capture` returned.
"""

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from sync_protocol.change import Stream
from sync_protocol.conformance.http_server import HttpServer
from sync_protocol.conformance.scripted_server import CODE
from tests.browser.device.page import open_page, serve_modules
from tests.services.chromium import OTHER_ORIGINS, launch, new_context
from tests.services.proxy import Proxy
from tests.unit.device.feed_server import FeedServer

CHANNELS = ("territory:A", "territory:B", "territory:C")
STREAMS: list[Stream] = [(channel, "customers") for channel in CHANNELS]
KEYS = ("k1", "k2", "k3", "k4")
ROUTES = (b"/v1/sync", b"/v1/push", b"/v1/pull", b"/v1/token", b"/v1/receipts", b"/v1/segments", b"/v1/verify")
FINAL_SYNCS = 10


class History:
    """A phone, its server, the line between them, and what must be true in the end."""

    def __init__(self, browser: Browser, server: FeedServer, proxy: Proxy, draw: Random) -> None:
        self.server, self.proxy, self.draw = server, proxy, draw
        self.context = new_context(browser)
        serve_modules(self.context)
        self.page: Page = open_page(self.context, "history.js")
        self.captured: dict[str, Any] = {}
        self.count = 0
        self.steps: list[str] = []
        self.may_differ = False
        """Storage was damaged, or the server restored, since the replica was last proven."""
        server.feed.grant(*STREAMS)
        self.backup = self._backup()

    def call(self, name: str, *arguments: Any) -> Any:
        """Return the result of a command of the device in the present window."""
        return self.page.evaluate(f"arguments => phone.{name}(...arguments)", list(arguments))

    def enrol(self) -> None:
        self.call("enrol", f"http://127.0.0.1:{self.proxy.port}", CODE)

    def take(self, step: str) -> None:
        """Take *step*, a name of `STEPS`."""
        self.steps.append(step)
        with self.server._lock:
            self._change_server(step)
        self._change_phone(step)

    def _change_server(self, step: str) -> None:
        feed, draw = self.server.feed, self.draw
        if step == "put":
            self.count += 1
            key = draw.choice(KEYS)
            feed.put(
                draw.choice(CHANNELS), "customers", key, {"id": key, "name": f"Name {key}", "n": self.count}
            )
        elif step == "gone":
            feed.gone("customers", draw.choice(KEYS))
        elif step == "grant":
            feed.grant(draw.choice(STREAMS))
        elif step == "revoke":
            feed.revoke(draw.choice(STREAMS))
        elif step == "compact":
            feed.compact(feed.now.position - draw.randrange(4))
        elif step == "segments":
            feed.build_in_segments(draw.choice(STREAMS), draw.randrange(1, 3))
        elif step == "retire":
            feed.retire(draw.choice(STREAMS))
            feed.sweep()
        elif step == "small pages":
            feed.page_rows = draw.randrange(1, 4)
        elif step == "deliver":
            for id, document in self.server.inbox.items():
                if document["state"] == "queued":
                    self.server.publish_state(id, state="accepted", erp_number=f"SO{len(id)}")
        elif step == "expire":
            self.server.expire()
        elif step == "backup":
            self.backup = self._backup()
        elif step == "restore":
            self.may_differ = True
            feed_state, documents, inbox, receipts = self.backup
            feed.restore(feed_state)
            self.server.documents = dict(documents)
            self.server.inbox = {id: dict(document) for id, document in inbox.items()}
            self.server.receipts.stored = dict(receipts)
            self.server.receipts.uploads.clear()

    def _change_phone(self, step: str) -> None:
        draw, proxy = self.draw, self.proxy
        if step == "order":
            self.count += 1
            self._capture("order", {"n": self.count, "customer_id": draw.choice(KEYS)}, None)
        elif step == "claim":
            self.count += 1
            photo = f"%PDF-1.4 receipt {self.count}"
            self._capture("expense_claim", {"n": self.count, "receipts": [_reference(photo)]}, photo)
        elif step == "sync":
            self._sync()
        elif step == "lost reply":
            proxy.lose(draw.choice(ROUTES))
            self._sync()
        elif step == "cut":
            proxy.cut(down=draw.randrange(1, 1500), times=draw.randrange(1, 3))
            self._sync()
        elif step == "no connection":
            proxy.refuse()
            self._sync()
        elif step == "killed":
            self.call("begin")
            time.sleep(draw.random() * 0.12)
            self._new_window()
        elif step == "two windows":
            other = open_page(self.context, "history.js")
            other.evaluate("() => phone.begin()")
            self._sync()
            other.close()
        elif step == "databases closed":
            self.call("closeDatabases")
        elif step == "replica deleted":
            self.call("rebuild")
        elif step == "damage":
            self.may_differ = True
            self.call("damage", draw.choice(KEYS))
        proxy.heal()

    def _capture(self, kind: str, body: dict[str, Any], photo: str | None) -> None:
        self.captured[self.call("capture", kind, body, photo)] = body

    def _sync(self) -> dict[str, Any]:
        before = len(self.server.requests("/v1/verify"))
        result: dict[str, Any] = self.call("sync", {"rehash": self.may_differ})
        verified = len(self.server.requests("/v1/verify")) > before
        # The rules alone must lead to the right rows: verification is for what no rule can see.
        assert self.may_differ or not verified, "pages and segments led to other rows than the server has"
        if result["verified"]:
            self.may_differ = False
        return result

    def _new_window(self) -> None:
        self.page.close()
        self.page = open_page(self.context, "history.js")

    def _backup(self) -> tuple[Any, dict[str, Any], dict[str, Any], dict[str, bytes]]:
        inbox = {id: dict(document) for id, document in self.server.inbox.items()}
        return self.server.feed.backup(), dict(self.server.documents), inbox, dict(self.server.receipts.stored)

    def settle(self) -> None:
        """Heal everything, sync until nothing is left, and compare the phone with the server."""
        self.proxy.heal()
        self._new_window()
        for _ in range(FINAL_SYNCS):
            result = self._sync()
            phone = self.call("dump")
            waiting = [document for document in phone["documents"] if document["stage"] == "on_device"]
            if result["complete"] and result["verified"] and result["problem"] is None and not waiting:
                break
        else:
            raise AssertionError(f"after {FINAL_SYNCS} syncs: {result}")
        records = {(collection, key): record for collection, key, record in phone["records"]}
        assert records == self.server.feed.live()
        customers = sorted(key for collection, key in records if collection == "customers")
        assert sorted(phone["searchable"]) == customers, "the search index is that of the records"
        assert {id: self.server.documents[id]["body"] for id in self.captured} == self.captured
        assert set(self.server.documents) == set(self.captured), "nothing was pushed that nobody captured"
        assert {document["id"]: document["body"] for document in phone["documents"]} == self.captured
        assert [document for document in phone["documents"] if document["mark"]] == []
        needed = {ref for document in self.server.documents.values() for ref in document["needs"]}
        assert {ref.removeprefix("sha256:") for ref in needed} <= set(self.server.receipts.stored)
        assert self.server.faults == []

    def close(self) -> None:
        self.context.close()


STEPS: dict[str, int] = {
    "put": 6, "gone": 2, "grant": 1, "revoke": 1, "compact": 1, "segments": 2, "retire": 1, "small pages": 1,
    "deliver": 1, "expire": 1, "backup": 1, "restore": 2, "order": 3, "claim": 1, "sync": 4, "lost reply": 3,
    "cut": 3, "no connection": 1, "killed": 3, "two windows": 1, "databases closed": 1, "replica deleted": 1,
    "damage": 1,
}  # fmt: skip
"""How often each step is drawn, in proportion."""


@contextmanager
def history(browser: Browser, seed: int) -> Iterator[History]:
    """A new phone, enrolled at a new server, over a line that can break."""
    server = FeedServer()
    http = HttpServer(server.respond, browser=True)
    try:
        with Proxy(int(http.address.rpartition(":")[2]), seed=seed) as proxy:
            played = History(browser, server, proxy, Random(seed))
            try:
                played.enrol()
                yield played
            finally:
                played.close()
    finally:
        http.close()


def drawn(seed: int, count: int) -> list[str]:
    """Return *count* random steps."""
    return Random(seed).choices(list(STEPS), list(STEPS.values()), k=count)


def play(browser: Browser, seed: int, steps: Sequence[str]) -> None:
    """Play *steps*, whose details are drawn by *seed*, and check how it ends; an error names seed and steps."""
    with history(browser, seed) as played:
        try:
            for step in steps:
                played.take(step)
            played.settle()
        except Exception as error:
            error.add_note(f"seed {seed}: {', '.join(played.steps)}")
            raise


def play_many(seed: int, histories: int, steps: int = 60) -> None:
    """Play *histories* of *steps* steps, with the seeds from *seed* on, in a browser of their own."""
    with sync_playwright() as playwright:
        browser = launch(playwright, OTHER_ORIGINS)
        for n in range(histories):
            play(browser, seed + n, drawn(seed + n, steps))
        browser.close()


def _reference(photo: str) -> str:
    return f"sha256:{hashlib.sha256(photo.encode()).hexdigest()}"
