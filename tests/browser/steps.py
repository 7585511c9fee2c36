"""What a rep does in several tests."""

from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.phone import Phone
from tests.system.scenarios.node import Node


def connect(phone: Phone, node: Node, rep: str = "R1") -> Page:
    """Enrol with a code of the office, and wait for the first sync."""
    code = node.command("rep", "code", rep).strip().splitlines()[-1]
    page = phone.open()
    page.get_by_label("Code from the office").fill(code)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("heading", name="Look up")).to_be_visible()
    expect(page.get_by_role("banner").get_by_text("Up to date")).to_be_visible()
    return page


def open_customer(page: Page) -> None:
    """Open the page of the first customer."""
    page.get_by_role("link", name="Customers").first.click()
    page.locator("ul.rows a").first.click()
    expect(page.get_by_role("heading", name="Credit")).to_be_visible()


def begin_order(page: Page) -> None:
    """Open the form of an order for the first customer."""
    open_customer(page)
    page.get_by_role("button", name="New order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Order")
    expect(page.get_by_text("Ordered before by this customer")).to_be_visible()


def add_line(page: Page, product: str) -> None:
    """Add the first line, with a product that *product* finds."""
    search = page.get_by_label("Add products")
    search.fill(product)
    rows = page.locator(".product-search button.row").filter(has_text=product)
    rows.first.click()
    # The price comes from the price list.
    expect(page.locator("[id='lines[0].unit_price']")).not_to_have_value("")
    search.fill("")


def begin_claim(page: Page, purpose: str) -> Locator:
    """Begin an expense claim with one line; return the field of its receipts."""
    open_customer(page)
    page.get_by_role("button", name="New expense claim").click()
    page.locator("#purpose").fill(purpose)
    page.get_by_role("button", name="Fuel").click()
    page.locator("[id='lines[0].amount']").fill("10")
    page.locator("[id='lines[0].description']").fill("To the fair")
    return page.locator("[id='field-lines[0].receipts']")


def add_receipt(field: Locator, receipt: FilePayload | Path) -> None:
    """Choose *receipt* as a file."""
    field.locator("input[type=file]").last.set_input_files(receipt)


def wait_until_stored(page: Page, text: str) -> None:
    """Wait until a row of the outbox, such as a draft, has *text*: storing it takes some milliseconds."""
    page.wait_for_function(_IS_STORED, arg=text)


_IS_STORED = """async (text) => {
  const result = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const database = await result(indexedDB.open("satchel-outbox"));
  try {
    for (const name of database.objectStoreNames) {
      for (const row of await result(database.transaction(name).objectStore(name).getAll())) {
        const bytes = row.bytes ?? row;
        const isBytes = bytes instanceof Uint8Array || bytes instanceof ArrayBuffer;
        if ((isBytes ? new TextDecoder().decode(bytes) : JSON.stringify(row)).includes(text)) return true;
      }
    }
    return false;
  } finally {
    database.close();
  }
}"""
