"""The app's shell: it opens, opens in flight mode at every address, and stays small."""

import json

import pytest
from playwright.sync_api import Route, expect

from backend.webapp.builder.paths import BUILT
from tests.bench.phone.opening import offline_bytes
from tests.browser.phone import Phone
from tests.browser.site import Site

FIRST_SCREEN_BYTES = 60_000
OFFLINE_BYTES = 200_000


def test_the_app_opens_in_flight_mode_at_every_address(shell: Phone, site: Site) -> None:
    shell.open()
    shell.wait_until_installed()
    shell.flight_mode()
    site.requests.clear()
    titles = {"/app/": "Connect this phone", "/app/settings": "Settings", "/app/no/such/screen": "Not found"}
    for path, title in titles.items():
        window = shell.context.new_page()
        window.goto(path)
        expect(window.get_by_role("heading", level=1)).to_have_text(title)
    # The browser asks for a newer service worker some seconds after a page was opened, in spite of flight mode.
    assert {path for path, _ in site.requests} <= {"/app/sw.js"}


def test_an_address_without_slash_leads_to_the_app(shell: Phone) -> None:
    page = shell.open("/app")
    expect(page).to_have_url(f"{shell.url}/app/")


def test_a_new_phone_takes_a_code_before_its_device_has_arrived(shell: Phone) -> None:
    """Over a slow line the modules of the device take seconds more than those of the first screen."""
    requests: list[Route] = []
    shell.page.route("**/device/worker.js", lambda route: requests.append(route))
    page = shell.open()
    code = page.get_by_label("Code from the office")
    code.fill("ABC")
    assert requests
    requests[0].continue_()
    page.wait_for_function("async () => (await indexedDB.databases()).length > 0")
    expect(code).to_have_value("ABC")
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect this phone")


def test_bytes_on_the_wire(shell: Phone) -> None:
    """The first screen, with the page and its icon, and everything that is stored for offline use."""
    sizes: dict[str, int] = {}
    session = shell.context.new_cdp_session(shell.page)
    addresses: dict[str, str] = {}
    session.on("Network.requestWillBeSent", lambda e: addresses.update({e["requestId"]: e["request"]["url"]}))
    session.on(
        "Network.loadingFinished",
        lambda e: sizes.update({addresses[e["requestId"]]: int(e["encodedDataLength"])}),
    )
    session.send("Network.enable")
    shell.open()
    expect(shell.page.get_by_role("heading", level=1)).to_be_visible()
    shell.wait_until_installed()
    assert len(sizes) > 10
    assert sum(sizes.values()) < FIRST_SCREEN_BYTES, sizes
    assert 10_000 < offline_bytes() < OFFLINE_BYTES
    assert [
        name for name in json.loads((BUILT / "build.json").read_text())["offline"] if "console" in name
    ] == []


@pytest.mark.parametrize("path", ["/app/", "/app/settings", "/app/nothing"])
def test_links_of_the_shell_load_no_page(shell: Phone, path: str) -> None:
    page = shell.open(path)
    page.evaluate("window.sameWindow = true")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    page.get_by_role("link", name="Home").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect this phone")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    assert page.evaluate("window.sameWindow")
