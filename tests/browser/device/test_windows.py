"""The device as the app has it: in a worker, with a schedule, in one window or several."""

import base64
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from sync_protocol.conformance.http_server import HttpServer, Reply, Request, problem
from sync_protocol.conformance.scripted_server import CODE, SECOND_CODE
from tests.browser.device.page import open_page, serve_modules
from tests.eventually import SECONDS, eventually
from tests.services.chromium import new_context
from tests.services.proxy import Proxy
from tests.unit.device.feed_server import FeedServer

STREAM = ("territory:NW", "customers")
PORTAL = Reply(200, b"<html>Welcome to our hotel</html>", {"Content-Type": "text/html"})


@pytest.fixture
def server() -> FeedServer:
    server = FeedServer()
    server.feed.grant(STREAM)
    for n in range(6):
        server.feed.put(*STREAM, f"C{n}", {"id": f"C{n}", "name": f"Alpha {n}"})
    return server


@pytest.fixture
def proxy(server: FeedServer) -> Iterator[Proxy]:
    http = HttpServer(server.respond, browser=True)
    try:
        with Proxy(int(http.address.rpartition(":")[2])) as proxy:
            yield proxy
    finally:
        http.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = new_context(browser)
    serve_modules(context)
    yield context
    context.close()


@pytest.fixture
def window(context: BrowserContext) -> Page:
    return open_page(context, "windows.js")


def enrol(window: Page, proxy: Proxy, code: str = CODE) -> None:
    window.evaluate("a => remote.enrol(...a)", [code, "window", f"http://127.0.0.1:{proxy.port}"])


def wait(window: Page, condition: str) -> None:
    """Wait until *condition*, which may await, is true. (`wait_for_function` takes a promise for true.)"""
    eventually(lambda: window.evaluate(f"async () => Boolean({condition})"), condition)


def enrolled(window: Page, proxy: Proxy) -> None:
    enrol(window, proxy)
    wait(window, "!remote.activity.syncing && (await remote.call.status()).verified")


def capture(window: Page) -> str:
    return str(window.evaluate("() => remote.capture({ kind: 'order', body: { customer_id: 'C1' } })"))


def test_a_first_sync_shows_what_is_coming_and_ends_verified(
    server: FeedServer, proxy: Proxy, window: Page
) -> None:
    server.feed.build_in_segments(STREAM)
    enrolled(window, proxy)
    shown = [event["download"] for event in window.evaluate("events") if event["download"]]
    assert shown[0]["rows"] == 6 and shown[0]["coming"] == "customers" and not shown[0]["usable"]
    assert shown[-1]["bytesApplied"] == shown[-1]["bytes"] > 0
    assert window.evaluate("async () => (await remote.call.search('customers', 'alpha 3')).map(r => r.id)") == [
        "C3"
    ]
    (figures,) = window.evaluate("async () => (await remote.call.diagnostics()).syncs")
    assert figures["rows"] == 6 and figures["segments"] == 3 and figures["received"] > 0 and figures["complete"]


def test_a_captured_document_is_sent_at_once(server: FeedServer, proxy: Proxy, window: Page) -> None:
    enrolled(window, proxy)
    id = capture(window)
    wait(window, "(await remote.call.documents())[0].stage === 'queued'")
    assert set(server.documents) == {id}


def test_one_window_leads_and_the_next_one_takes_over(
    server: FeedServer, proxy: Proxy, context: BrowserContext, window: Page
) -> None:
    enrolled(window, proxy)
    other = open_page(context, "windows.js")
    assert [page.evaluate("remote.activity.leads") for page in (window, other)] == [True, False]
    first = capture(other)
    wait(other, "(await remote.call.documents())[0].stage === 'queued'")
    wait(window, "(await remote.call.documents())[0].stage === 'queued'")
    window.close()
    wait(other, "remote.activity.leads")
    second = capture(other)
    wait(other, "(await remote.call.documents())[1].stage === 'queued'")
    assert set(server.documents) == {first, second}


def test_a_window_that_takes_over_in_the_middle_of_a_sync_begins_one(
    server: FeedServer, proxy: Proxy, context: BrowserContext, window: Page
) -> None:
    """What it was told about the sync of the window before is not about its own."""
    enrolled(window, proxy)
    other = open_page(context, "windows.js")
    may_answer = threading.Event()

    def wait_for_it(request: Request) -> Reply | None:
        if request.path == "/v1/sync":
            may_answer.wait(SECONDS)
        return None

    server.override = wait_for_it
    id = capture(window)
    wait(other, "remote.activity.syncing")
    window.close()
    wait(other, "remote.activity.leads")
    may_answer.set()
    wait(other, "(await remote.call.documents())[0].stage === 'queued'")
    assert set(server.documents) == {id}


def test_online_means_that_our_server_answered(server: FeedServer, proxy: Proxy, window: Page) -> None:
    """The radio of the phone is on all the time: a sign-in page, a dead line, and our server."""
    enrolled(window, proxy)
    assert window.evaluate("remote.activity.connection") == "online"
    server.override = lambda request: PORTAL
    id = capture(window)
    wait(window, "remote.activity.connection === 'portal'")
    server.override = None
    proxy.refuse()
    window.evaluate("() => remote.syncNow({ impatient: true })")
    wait(window, "remote.activity.connection === 'offline'")
    assert window.evaluate("navigator.onLine")
    assert window.evaluate("async () => (await remote.call.documents())[0].stage") == "on_device"
    proxy.heal()
    window.evaluate("() => remote.syncNow({ impatient: true })")
    wait(window, "remote.activity.connection === 'online'")
    wait(window, "(await remote.call.documents())[0].stage === 'queued'")
    assert set(server.documents) == {id}


def test_tokens_that_are_refused_keep_a_full_outbox(server: FeedServer, proxy: Proxy, window: Page) -> None:
    enrolled(window, proxy)
    server.expire()
    server.once("/v1/token", lambda request: problem(401, "refresh_invalid"))
    ids = {capture(window) for _ in range(3)}
    wait(window, "remote.activity.stop === 'enrol_again'")
    assert window.evaluate("async () => (await remote.call.documents()).length") == 3
    # Nothing tries again until the rep has enrolled.
    enrol(window, proxy, SECOND_CODE)
    wait(window, "(await remote.call.documents()).every(one => one.stage === 'queued')")
    assert set(server.documents) == ids


def test_a_revoked_phone_exports_what_is_not_sent_and_deletes_the_rest(
    server: FeedServer, proxy: Proxy, window: Page
) -> None:
    enrolled(window, proxy)
    server.revoked = True
    id = capture(window)
    wait(window, "remote.activity.stop === 'revoked'")
    status = window.evaluate("() => remote.call.status()")
    assert (status["rep"], status["records"], status["hasExport"]) == (None, {}, True)
    assert window.evaluate("() => remote.call.documents()") == []
    packed = window.evaluate(
        """async () => {
            const { bytes } = await remote.call.exportUnsent();
            return btoa(String.fromCharCode(...bytes));
        }"""
    )
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as archive:
        (document,) = json.loads(archive.read("documents.json"))
    assert document["id"] == id
    assert [request.value["exported"] for request in server.requests("/v1/wiped")] == [1]
    window.evaluate("() => remote.call.discardExport()")
    assert window.evaluate("() => remote.call.exportUnsent()") is None


def test_the_server_is_told_what_is_not_sent_and_how_syncs_went(
    server: FeedServer, proxy: Proxy, window: Page
) -> None:
    reports: list[Any] = []

    def note(request: Request) -> Reply | None:
        if request.path == "/v1/report":
            reports.append(request.value)
        return Reply(204) if request.path == "/v1/report" else None

    server.override = note
    enrolled(window, proxy)
    server.next_push(lambda request: problem(413, "body_too_large"))
    server.next_push(lambda request: problem(413, "body_too_large"))
    id = capture(window)
    wait(window, "(await remote.call.documents())[0].stage === 'too_large' && !remote.activity.syncing")
    first, *_, last = reports
    assert (first["unsent"], first["unsent_total"], len(first["syncs"])) == ([], 0, 1)
    (figures,) = first["syncs"]
    assert figures["complete"] and figures["rows"] == 6 and figures["problem"] is None
    assert figures["received"] > 0 and figures["milliseconds"] >= 0
    assert [(unsent["id"], unsent["kind"], unsent["problem"]) for unsent in last["unsent"]] == [
        (id, "order", "body_too_large")
    ]
    began = [sync["began_at"] for report in reports for sync in report["syncs"]]
    assert len(began) == len(set(began)), "each sync is reported once"


def test_an_error_keeps_its_code_and_faults_on_the_way_from_the_worker(proxy: Proxy, window: Page) -> None:
    caught = window.evaluate(
        """async () => {
            try { await remote.capture({ kind: "order", body: {} }); } catch (error) { return error.code; }
        }"""
    )
    assert caught == "not_enrolled"
    enrolled(window, proxy)
    faults = window.evaluate(
        """async () => {
            const body = { n: 0.5 };
            try { await remote.capture({ kind: "order", body }); } catch (error) { return error.faults; }
        }"""
    )
    assert [(fault["code"], fault["field"]) for fault in faults] == [("not_canonical", "n")]
