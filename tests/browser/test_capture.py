"""What a rep captures beside orders: expense claims with receipts, forecasts by month."""

import io
import re

from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.appearance import check_all
from tests.browser.steps import open_customer

SIZE = (1200, 900)


def photo(colour: str) -> FilePayload:
    """Return a photo of one colour: the same bytes for the same colour."""
    data = io.BytesIO()
    Image.new("RGB", SIZE, colour).save(data, "JPEG")
    return {"name": "receipt.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}


def add_receipt(page: Page, line: int, file: FilePayload) -> None:
    field = page.locator(f"[id='field-lines[{line}].receipts']")
    field.locator("input[capture]").set_input_files(file)


def test_a_claim_says_what_is_missing_at_the_line(rep: Page, tools: None) -> None:
    open_customer(rep)
    rep.get_by_role("button", name="New expense claim").click()
    expect(rep.get_by_text("No expenses yet.")).to_be_visible()
    rep.get_by_role("button", name="Fuel").click()
    rep.locator("[id='lines[0].amount']").fill("500")
    rep.locator("[id='lines[0].description']").fill("To the fair")
    expect(rep.get_by_text("give a justification")).to_be_visible()
    expect(rep.get_by_text("needs a receipt")).to_be_visible()
    expect(rep.get_by_label("Currency")).to_have_value("EUR")
    # The draft is on the disk before the camera opens; then the phone kills the page.
    rep.reload()
    expect(rep.locator("[id='lines[0].amount']")).to_have_value("500")
    add_receipt(rep, 0, {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no receipt"})
    expect(rep.get_by_text("notes.txt is neither a photo nor a PDF.")).to_be_visible()
    locked = b"%PDF-1.7\ntrailer << /Encrypt 5 0 R >>\n%%EOF"
    add_receipt(rep, 0, {"name": "bill.pdf", "mimeType": "application/pdf", "buffer": locked})
    expect(rep.get_by_text("bill.pdf needs a password.")).to_be_visible()
    add_receipt(rep, 0, photo("red"))
    expect(rep.get_by_text("needs a receipt")).to_have_count(0)
    rep.get_by_role("button", name="Train").click()
    expect(rep.get_by_text("A receipt is needed.", exact=True)).to_be_visible()
    add_receipt(rep, 1, photo("red"))
    expect(rep.get_by_text("This receipt is already used in: Line 1")).to_be_visible()
    check_all(rep, "claim")
    rep.get_by_role("button", name="Remove expense 2").click()
    rep.locator("[id='lines[0].justification']").fill("No other station was open")
    rep.get_by_role("button", name="Save").click()
    rep.get_by_role("link", name="Purpose").click()
    rep.locator("#purpose").fill("Fair")
    rep.get_by_role("button", name="Save").click()
    expect(rep).to_have_url(re.compile("/app/outbox$"))
    expect(rep.get_by_text("Expense claim · Fair")).to_be_visible()


SLOW_PHOTOS = """() => {
  const real = window.createImageBitmap;
  const shown = new Promise((resolve) => { window.showPhotos = resolve; });
  window.createImageBitmap = async (...args) => { await shown; return real(...args); };
}"""
RECEIPTS = """async () => {
  const base = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { device } = await import(base + "shell/device.js");
  return (await device.call.documents()).at(-1).body.lines[0].receipts.length;
}"""
FULL = """async () => {
  const base = document.querySelector("script[type=module]").src.replace("main.js", "");
  const { device } = await import(base + "shell/device.js");
  const send = device._send.bind(device);
  device._send = (name, args) => {
    if (name !== "saveDraft") return send(name, args);
    return Promise.reject(Object.assign(new Error("full"), { code: "disk_full" }));
  };
}"""


def test_saving_waits_for_a_photo_that_is_being_shrunk(rep: Page) -> None:
    open_customer(rep)
    rep.get_by_role("button", name="New Expense claim").click()
    rep.get_by_role("button", name="Fuel").click()
    rep.locator("[id='lines[0].amount']").fill("12")
    rep.locator("[id='lines[0].description']").fill("To the fair")
    rep.locator("#purpose").fill("Saved at once")
    rep.evaluate(SLOW_PHOTOS)
    add_receipt(rep, 0, photo("blue"))
    save = rep.get_by_role("button", name="Save")
    save.click()
    expect(save).to_be_disabled()
    rep.evaluate("window.showPhotos()")
    expect(rep).to_have_url(re.compile("/app/outbox$"))
    assert rep.evaluate(RECEIPTS) == 1


def test_the_form_says_when_what_is_typed_cannot_be_stored(rep: Page) -> None:
    open_customer(rep)
    rep.get_by_role("button", name="New Expense claim").click()
    rep.get_by_role("button", name="Fuel").click()
    rep.evaluate(FULL)
    rep.locator("#purpose").fill("No room")
    expect(rep.get_by_text("This phone has no room left.")).to_be_visible()


def test_a_forecast_counts_its_revisions_by_month(rep: Page, tools: None) -> None:
    def begin() -> None:
        rep.goto("/app/new/forecast")
        rep.locator("#warehouse_id").click()
        rep.locator(".picker-open button.row").first.click()
        expect(rep.get_by_role("columnheader", name="Product")).to_be_visible()

    begin()
    rep.locator("#forecast-product").click()
    rep.locator("#forecast-product").fill("P-0001")
    row = rep.locator(".picker-open button.row").first
    expect(row).to_contain_text("P-0001")
    expect(row.locator("small")).not_to_contain_text("Yes")
    check_all(rep, "picker")
    name = row.locator("strong").inner_text()
    row.click()
    cells = rep.locator("tr").filter(has_text=name).locator("input")
    cells.nth(0).fill("12")
    cells.nth(1).fill("a few")
    cells.nth(2).focus()
    expect(rep.get_by_text("Enter a number, such as 3 or 0.5.")).to_be_visible()
    check_all(rep, "forecast")
    cells.nth(1).fill("7")
    cells.nth(2).focus()
    expect(rep.get_by_text("Enter a number, such as 3 or 0.5.")).to_have_count(0)
    rep.reload()
    expect(cells.nth(0)).to_have_value("12")
    rep.get_by_role("button", name="Save").click()
    expect(rep).to_have_url(re.compile("/app/outbox$"))
    expect(rep.get_by_text("Forecast · ").first).to_be_visible()
    begin()
    again = rep.locator("tr").filter(has_text=name).first
    expect(rep.get_by_role("columnheader").filter(has_text="Revision 1")).to_have_count(2)
    expect(again.get_by_text("Before 12")).to_be_visible()
    again.locator("input").nth(0).fill("13")
    again.locator("input").nth(1).focus()
    rep.get_by_role("button", name="Save").click()
    expect(rep).to_have_url(re.compile("/app/outbox$"))
    begin()
    expect(rep.get_by_role("columnheader").filter(has_text="Revision 2")).to_have_count(1)
    expect(rep.get_by_text("Before 13")).to_be_visible()
