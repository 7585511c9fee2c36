"""Uploads of receipts: how much has arrived, also after a broken line, and photos that wait for Wi-Fi."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.appearance import check_all
from tests.browser.conftest import Phones
from tests.browser.phone import UNREACHABLE, Phone
from tests.browser.steps import add_receipt, begin_claim, connect
from tests.system.scenarios.node import Node
from tests.unit.receipts import pictures

PIECE = 256 * 1024
"""Bytes of a piece, as `device/sync/uploads.js` sends them."""
RECEIPTS = re.compile("/v1/receipts")
WAITS = "Photos wait for Wi-Fi."
NO_SERVICE_WORKER = [
    "Service Worker registration blocked",
    "Cannot read properties of undefined (reading 'waiting')",
]
CELLULAR = """
  window.line = Object.assign(new EventTarget(), { type: "cellular", saveData: false });
  Object.defineProperty(navigator, "connection", { value: window.line });
"""


class Line:
    """What passes of the uploads: `pieces` more, and nothing else of them when that is used up."""

    def __init__(self, phone: Phone) -> None:
        self.pieces: float = 0
        self.offsets: list[int] = []
        phone.allowed.append(UNREACHABLE)
        phone.context.route(RECEIPTS, self._answer)

    def _answer(self, route: Route) -> None:
        request = route.request
        if request.method != "PATCH":
            route.continue_()
        elif self.pieces > 0:
            self.pieces -= 1
            self.offsets.append(int(request.headers["upload-offset"]))
            route.continue_()
        else:
            route.abort()


@pytest.fixture
def phone(phones: Phones) -> Phone:
    """A phone without a service worker, behind which the test would not see the requests of the device."""
    phone = phones(service_workers="block")
    phone.allowed += NO_SERVICE_WORKER
    return phone


def capture_claim(page: Page, purpose: str, size: int) -> None:
    """Save a claim with a receipt of about *size* bytes, and open its document."""
    receipts = begin_claim(page, purpose)
    data = pictures.pdf() + b"\n%" + purpose.encode() + b"." * size
    add_receipt(receipts, {"name": "bill.pdf", "mimeType": "application/pdf", "buffer": data})
    expect(receipts.locator("li")).to_have_count(1)
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile("/app/outbox$"))


def open_document(page: Page, purpose: str) -> None:
    page.goto("/app/outbox")
    page.get_by_role("link", name=re.compile(f"Expense claim · {purpose}")).click()
    expect(page.locator(".receipt")).to_be_visible()


def test_an_upload_shows_what_the_server_has_confirmed_and_continues(
    phone: Phone, node: Node, tools: None
) -> None:
    page = connect(phone, node)
    line = Line(phone)
    line.pieces = 1
    capture_claim(page, "Long way", 3 * PIECE)
    progress = page.get_by_role("progressbar")
    # The second piece is under way, and does not count.
    expect(progress).to_have_attribute("value", str(PIECE))
    # A message keeps the language in which it was said.
    expect(page.get_by_text("Saved on this phone", exact=False)).to_have_count(0)
    expect(progress).to_have_attribute("aria-label", re.compile(r"^Receipts: 262 kB of 78\d kB sent$"))
    check_all(page, "outbox-upload")
    page.reload()
    expect(progress).to_have_attribute("value", str(PIECE))
    open_document(page, "Long way")
    expect(progress).to_have_attribute("value", str(PIECE))
    expect(page.locator("section[role=status]")).to_contain_text("Receipts that are not sent yet: 1")
    check_all(page, "document-upload")
    line.pieces = float("inf")
    address = page.url
    page.goto("/app/outbox")
    page.get_by_role("button", name="Sync now").click()
    page.goto(address)
    expect(page.locator(".receipt").get_by_text("sent", exact=True)).to_be_visible()
    expect(progress).to_have_count(0)
    assert line.offsets == [0, PIECE, 2 * PIECE, 3 * PIECE]


@pytest.fixture
def uploads(phone: Phone) -> list[Request]:
    """The requests of uploads."""
    sent: list[Request] = []
    phone.context.on("request", lambda request: sent.append(request) if RECEIPTS.search(request.url) else None)
    return sent


def choose_wifi_only(page: Page, what: str) -> None:
    page.goto("/app/settings")
    choice = page.get_by_label("Send photos of receipts over Wi-Fi only")
    expect(choice).not_to_be_checked()
    expect(page.get_by_text(what)).to_be_visible()
    choice.check()
    page.reload()
    expect(choice).to_be_checked()
    page.goto("/app/")
    expect(page.get_by_role("heading", name="Look up")).to_be_visible()


def capture_held(page: Page, purpose: str, uploads: list[Request]) -> None:
    """Save a claim whose document is sent while its photo waits, and open it."""
    capture_claim(page, purpose, 1000)
    row = page.get_by_role("link", name=re.compile(f"Expense claim · {purpose}"))
    expect(row).to_contain_text(WAITS)
    open_document(page, purpose)
    # The server has the document.
    expect(page.locator("section[role=status]")).not_to_contain_text("On this phone")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "0")
    expect(page.get_by_text(WAITS)).to_be_visible()
    page.goto("/app/outbox")
    page.get_by_role("button", name="Sync now").click()
    expect(page.get_by_role("button", name="Sync now")).to_be_enabled()
    assert uploads == []
    open_document(page, purpose)


def expect_sent(page: Page) -> None:
    expect(page.locator(".receipt").get_by_text("sent", exact=True)).to_be_visible()
    expect(page.get_by_text(WAITS)).to_have_count(0)


def test_photos_wait_where_the_browser_does_not_name_the_line(
    phone: Phone, node: Node, uploads: list[Request], tools: None
) -> None:
    phone.context.add_init_script("delete Navigator.prototype.connection;")
    page = connect(phone, node)
    choose_wifi_only(page, "This browser does not say whether it uses Wi-Fi")
    capture_held(page, "By hand", uploads)
    check_all(page, "document-held")
    page.get_by_role("button", name="Send now").click()
    expect_sent(page)


def say_wifi(page: Page) -> None:
    page.evaluate("line.type = 'wifi'; line.dispatchEvent(new Event('change'))")


def choose_any_line(page: Page) -> None:
    address = page.url
    page.goto("/app/settings")
    page.get_by_label("Send photos of receipts over Wi-Fi only").uncheck()
    page.goto(address)


@pytest.mark.parametrize("change", [say_wifi, choose_any_line])
def test_photos_wait_on_a_mobile_line_until_it_or_the_choice_changes(
    phone: Phone, node: Node, uploads: list[Request], change: Callable[[Page], None]
) -> None:
    phone.context.add_init_script(CELLULAR)
    page = connect(phone, node)
    choose_wifi_only(page, "Documents are always sent at once.")
    capture_held(page, change.__name__, uploads)
    change(page)
    expect_sent(page)
