"""The rep of a run: what a person does on the screen, and a ledger of what the screen has said."""

import contextlib
import io
import re
from random import Random

from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, TimeoutError, expect

from tests.browser.chaos.browser_phone import BrowserPhone
from tests.browser.steps import add_line, wait_until_stored
from tests.eventually import eventually

SAVED = "Saved on this phone."
ACCEPTED = "In the ERP"
PO_NUMBER = "Customer's PO number"
TRIES = 20


class Rep:
    """Works with *phone*; the marks of the documents begin with *prefix*.

    Attributes:
        attempted: Marks of all documents that were begun.
        saved: Marks of those that the screen called saved, or whose draft was on the disk.
        listed: Ids that the outbox has shown.
        withdrawn: Ids whose withdrawal the screen has confirmed.
    """

    def __init__(self, phone: BrowserPhone, prefix: str, draw: Random) -> None:
        self.phone, self.prefix, self.draw = phone, prefix, draw
        self.attempted: set[str] = set()
        self.saved: set[str] = set()
        self.listed: set[str] = set()
        self.withdrawn: set[str] = set()
        self._customer = ""

    @property
    def page(self) -> Page:
        """The window that the rep looks at."""
        return self.phone.page

    def connect(self, code: str) -> None:
        """Enrol this phone, and wait for the first sync."""
        self.page.goto(f"{self.phone.url}/app/")
        self.page.get_by_label("Code from the office").fill(code)
        self.page.get_by_role("button", name="Connect").click()
        expect(self.page.get_by_role("heading", name="Look up")).to_be_visible()
        expect(self.page.get_by_role("banner").get_by_text("Up to date")).to_be_visible()
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        self.page.wait_for_function("() => navigator.serviceWorker.controller !== null")
        self.open("list/customers")
        address = self.page.locator("ul.rows a").first.get_attribute("href") or ""
        self._customer = address.rsplit("/", 1)[1]

    def open(self, path: str, page: Page | None = None) -> None:
        """Open *path* of the app."""
        (page or self.page).goto(f"{self.phone.url}/app/{path}")

    def new_mark(self) -> str:
        """Return the mark of a new document."""
        mark = f"{self.prefix}{len(self.attempted) + 1}"
        self.attempted.add(mark)
        return mark

    def type_order(self, page: Page | None = None) -> str:
        """Enter an order, without saving it; return its mark. Its draft is on the disk then."""
        window, mark = page or self.page, self.new_mark()
        self.open(f"new/order/customer_id/{self._customer}", window)
        expect(window.get_by_label(PO_NUMBER)).to_be_visible()
        add_line(window, "P-0001")
        window.get_by_label(PO_NUMBER).fill(mark)
        wait_until_stored(window, mark)
        self.saved.add(mark)
        return mark

    def type_claim(self) -> str:
        """Enter an expense claim without its photo; return its mark. Its draft is on the disk then."""
        mark = self.new_mark()
        self.open(f"new/expense_claim/customer_id/{self._customer}")
        self.page.get_by_role("button", name="Fuel").click()
        self.page.locator("[id='lines[0].amount']").fill("90")
        self.page.locator("[id='lines[0].description']").fill("To the customer")
        self.page.locator("#purpose").fill(mark)
        wait_until_stored(self.page, mark)
        self.saved.add(mark)
        return mark

    def add_photo(self) -> None:
        """Take a photo for the open claim, and wait until it is there."""
        self.choose_photo()
        expect(self._receipts).to_have_count(1)

    def choose_photo(self) -> None:
        """Take a photo for the open claim."""
        field = self.page.locator("[id='field-lines[0].receipts']")
        field.locator("input[capture]").set_input_files(self._photo())

    def save(self, page: Page | None = None) -> None:
        """Press "Save" until the screen says that the document is saved."""
        window = page or self.page
        for _ in range(TRIES):
            if not _shows_form(window) or self.press_save(window):
                return
            window.wait_for_timeout(500)
        raise AssertionError(f"the form is never saved: {window.locator('#app').inner_text()[:2000]}")

    def press_save(self, page: Page | None = None) -> bool:
        """Press "Save" once; return whether the screen shows what was saved, and no faults."""
        window = page or self.page
        with contextlib.suppress(TimeoutError):
            window.get_by_role("button", name="Save", exact=True).click(timeout=5000)
        refused = window.locator("form:has(#faults) button[type=submit]:not([disabled])")

        def is_answered() -> bool:
            window.wait_for_timeout(50)
            return not _shows_form(window) or refused.count() > 0

        eventually(is_answered, "the screen says whether the document is saved")
        return not _shows_form(window)

    def read_outbox(self) -> dict[str, str]:
        """Open the outbox; return the words about each document, by id."""
        self.open("outbox")
        expect(self.page.get_by_role("button", name="Sync now").or_(self._nothing).first).to_be_visible()
        expect(self.page.locator("main ul.rows a").or_(self._nothing).first).to_be_visible()
        rows = self.page.locator("main ul.rows a[href*='/document/']")
        shown = {(row.get_attribute("href") or "").rsplit("/", 1)[1]: row.inner_text() for row in rows.all()}
        self.listed |= set(shown)
        return shown

    def resume(self) -> None:
        """After a start: look at the outbox, and finish every draft."""
        self.read_outbox()
        self.open("")
        expect(self.page.get_by_role("heading", name="Look up")).to_be_visible()
        # The list of drafts comes from the outbox, whose reading the list of collections does not wait for.
        self.page.wait_for_timeout(300)
        links = self.page.locator("main a[href*='/app/form/']").all()
        for address in [link.get_attribute("href") or "" for link in links]:
            self._finish(address)

    def _finish(self, address: str) -> None:
        self.page.goto(self.phone.url + address)
        field = self.page.get_by_label(PO_NUMBER).or_(self.page.locator("#purpose"))
        expect(field).to_be_visible()
        mark = field.input_value()
        if mark not in self.saved:
            self.page.get_by_role("button", name="Discard").click()
            expect(self.page.get_by_role("heading", name="Look up")).to_be_visible()
            return
        if self.page.locator("#purpose").count() and not self._receipts.count():
            self.add_photo()
        self.save()

    def sync(self) -> None:
        """Press "Sync now" and wait until nothing is left to send."""

        def is_done() -> bool:
            button = self.page.get_by_role("button", name="Sync now")
            if button.is_enabled():
                button.click()
            self.page.wait_for_timeout(300)
            return "Up to date" in self.page.get_by_role("banner").inner_text()

        self.read_outbox()
        eventually(is_done, "everything is sent", 90)

    def withdraw(self) -> None:
        """Withdraw an order that is on its way; there must be one."""
        shown = self.read_outbox()
        queued = [id for id, text in shown.items() if "Order" in text and "Queued" in text]
        id = self.draw.choice(sorted(queued))
        self.open(f"document/{id}")
        self.page.get_by_role("button", name="Withdraw", exact=True).click()
        self.page.get_by_label("Why?").fill("They changed their mind")
        self.page.get_by_role("button", name="Send", exact=True).click()
        expect(self.page.get_by_text(re.compile("withdraw", re.IGNORECASE)).first).to_be_visible()
        expect(self.page.get_by_role("button", name="Undo").first).to_be_visible()
        self.withdrawn.add(id)

    def look_for_update(self) -> None:
        """Let the browser look for a newer build, and wait for nothing."""
        find = "navigator.serviceWorker.getRegistration('/app/').then(found => void found.update())"
        self.page.evaluate(find)

    @property
    def _receipts(self) -> Locator:
        return self.page.locator("[id='field-lines[0].receipts'] ul.receipts > li")

    @property
    def _nothing(self) -> Locator:
        return self.page.get_by_text("You have captured nothing yet.")

    def _photo(self) -> FilePayload:
        data = io.BytesIO()
        colour = tuple(self.draw.randrange(256) for _ in range(3))
        picture = Image.effect_noise((1800, 1200), 60).convert("RGB")
        picture.paste(colour, (0, 0, 900, 600))
        picture.save(data, "JPEG")
        return {"name": "receipt.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}


def _shows_form(page: Page) -> bool:
    return "/app/form/" in page.url
