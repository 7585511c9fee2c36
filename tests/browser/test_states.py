"""Screens that a rep sees rarely: searches, empty lists, a line that is down, an ended access, an update."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.appearance import SIZES, check, check_all
from tests.browser.conftest import Phones
from tests.browser.phone import Phone
from tests.browser.site import Site
from tests.browser.test_documents import capture_order
from tests.browser.test_look_up import CAMERA
from tests.browser.test_updates import READY, installed, look_for_update, open_form

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
NOTHING_FOUND = "() => { globalThis.BarcodeDetector = class { async detect() { return []; } }; }"
SHOW = """async ([activity, stored]) => {
  const base = document.querySelector("script[type=module]").src.replace("main.js", "");
  const shell = await import(base + "shell/device.js");
  // No event of the device replaces what the test shows.
  shell.device._listeners.clear();
  shell.activity.value = { ...shell.activity.value, ...activity };
  shell.stored.value = { ...shell.stored.value, ...stored };
}"""
"""Show another state of the device."""
PROGRESS = {
    "segments": 12, "bytes": 1_070_000, "bytesApplied": 412_000, "rows": 60_000, "rowsApplied": 23_000,
    "usable": True, "coming": "products",
}  # fmt: skip


def test_a_search_looks_right(rep: Page, tools: None) -> None:
    rep.goto("/app/search")
    expect(rep.get_by_role("searchbox")).to_be_visible()
    check_all(rep, "search-hint")
    rep.get_by_role("searchbox").fill("an")
    expect(rep.get_by_role("heading", name="Customers")).to_be_visible()
    check_all(rep, "search")
    rep.get_by_role("searchbox").fill("nothing like this")
    expect(rep.get_by_text("Nothing matches.")).to_be_visible()
    check_all(rep, "search-nothing")
    rep.goto("/app/")
    rep.evaluate(CAMERA, "")
    rep.evaluate(NOTHING_FOUND)
    rep.get_by_role("link", name="Search").click()
    rep.get_by_role("button", name="Scan a barcode").click()
    expect(rep.locator("video")).to_be_visible()
    check_all(rep, "scanner")


def test_records_without_a_screen_of_their_own_look_right(rep: Page, tools: None) -> None:
    # One with a name that the contract gives, and one with flags and a percentage.
    for name in ("freshness", "price_limits"):
        rep.goto(f"/app/list/{name}")
        first = rep.locator("ul.rows a").first
        expect(first).to_be_visible()
        if name == "freshness":
            # The kinds of data have their names, not those of the collections.
            expect(rep.locator("ul.rows")).to_contain_text("Customers")
        check_all(rep, f"list-{name}")
        first.click()
        expect(rep).to_have_url(re.compile(f"/app/record/{name}/"))
        expect(rep.locator("main dl").first).to_be_visible()
        check_all(rep, f"record-{name}")


def test_the_settings_of_a_connected_phone_look_right(rep: Page, tools: None) -> None:
    rep.goto("/app/settings")
    expect(rep.get_by_role("button", name="Sign out")).to_be_visible()
    check_all(rep, "settings-connected")


def test_the_progress_of_the_first_sync_looks_right(rep: Page, tools: None) -> None:
    state = {"complete": False, "verified": False, "download": PROGRESS}
    rep.evaluate(SHOW, [{"syncing": True, "download": PROGRESS}, state])
    expect(rep.get_by_role("progressbar")).to_be_visible()
    check_all(rep, "first-sync")


@pytest.mark.parametrize(
    ("name", "activity", "text"),
    [
        ("portal", {"connection": "portal"}, "sign-in page"),
        ("offline", {"connection": "offline"}, "does not answer"),
        (
            "trouble",
            {"connection": "trouble", "failures": 5, "trouble": {"code": "unavailable"}},
            "Try again later",
        ),
        ("revoked", {"stop": "revoked"}, "access"),
    ],
)
def test_what_stands_in_the_way_of_a_sync_looks_right(
    rep: Page, tools: None, name: str, activity: dict[str, object], text: str
) -> None:
    rep.goto("/app/outbox")
    expect(rep.get_by_role("button", name="Sync now")).to_be_visible()
    rep.evaluate(SHOW, [{"syncing": False, **activity}, {}])
    expect(rep.locator("main")).to_contain_text(re.compile(text, re.IGNORECASE))
    check_all(rep, f"outbox-{name}")


def test_a_phone_whose_access_has_ended_takes_a_new_code(rep: Page, tools: None) -> None:
    rep.goto("/app/outbox")
    expect(rep.get_by_role("button", name="Sync now")).to_be_visible()
    rep.evaluate(SHOW, [{"syncing": False, "stop": "enrol_again"}, {}])
    expect(rep.get_by_role("button", name="Sync now")).to_have_count(0)
    rep.get_by_role("button", name="Enter the new code").click()
    expect(rep.get_by_label("Code from the office")).to_be_visible()
    check_all(rep, "connect-again")


def test_a_document_that_is_not_sent_looks_right(rep: Page, connected: Phone, tools: None) -> None:
    connected.wait_until_installed()
    connected.flight_mode()
    capture_order(rep)
    check_all(rep, "document-on-this-phone")
    connected.flight_mode(on=False)


def test_a_new_phone_has_an_empty_outbox(shell: Phone, tools: None) -> None:
    shell.open("/app/outbox")
    expect(shell.page.get_by_role("heading", level=1)).to_have_text("Outbox")
    expect(shell.page.locator(".empty")).to_be_visible()
    check_all(shell.page, "outbox-empty")


def test_a_refused_code_looks_right(phone: Phone, tools: None) -> None:
    phone.allowed.append("Failed to load resource: the server responded with a status of")
    page = phone.open()
    page.get_by_label("Code from the office").fill("AAAAA-AAAAA-AAAAA")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("This code is unknown, used or expired.")).to_be_visible()
    # The sentence is of the moment it was said in, so it stays English.
    for size in SIZES:
        page.set_viewport_size(size)
        check(page, f"enrol-refused-{size['width']}", chinese=False)


def test_an_iphone_is_guided_to_install_the_app(phones: Phones, tools: None) -> None:
    page = phones(user_agent=IPHONE).open()
    expect(page.get_by_text("Install the app first")).to_be_visible()
    check_all(page, "install-first")


def test_a_new_version_is_offered_when_no_form_is_open(shell: Phone, site: Site, tools: None) -> None:
    installed(shell)
    site.publish("2.0.0")
    look_for_update(shell.page)
    expect(shell.page.get_by_text(READY)).to_be_visible()
    check_all(shell.page, "update-offered")
    open_form(shell.page)
    expect(shell.page.get_by_text("It is used when you have finished here.")).to_be_visible()
    check_all(shell.page, "update-later")


def test_a_screen_that_cannot_load_says_what_to_do(shell: Phone, tools: None) -> None:
    def fail(route: Route) -> None:
        route.abort()

    shell.allowed.append("Failed to load resource: net::ERR_")
    shell.page.route("**/screens/settings.js", fail)
    shell.open("/app/settings")
    expect(shell.page.get_by_role("link", name=re.compile("Repair"))).to_be_visible()
    check_all(shell.page, "error")


def test_the_page_that_repairs_looks_right(shell: Phone, tools: None) -> None:
    page = shell.open("/app/reset")
    expect(page.get_by_role("button").first).to_be_visible()
    for size in SIZES:
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            check(page, f"reset-{size['width']}-{scheme}", chinese=False)
