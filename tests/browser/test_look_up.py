"""What a rep looks up: customers and products, in both languages and sizes."""

from playwright.sync_api import Page, expect

from tests.browser.appearance import check_all
from tests.browser.steps import open_customer


def test_the_first_screens_look_right(rep: Page, tools: None) -> None:
    check_all(rep, "home")
    rep.get_by_role("link", name="Customers").first.click()
    expect(rep.locator("ul.rows a").first).to_be_visible()
    check_all(rep, "customers")
    rep.goto("/app/outbox")
    expect(rep.get_by_role("button", name="Sync now")).to_be_visible()
    check_all(rep, "outbox")


CAMERA = """code => {
    navigator.mediaDevices.getUserMedia = async () => new MediaStream();
    HTMLMediaElement.prototype.play = async () => undefined;
    globalThis.BarcodeDetector = class {
        static async getSupportedFormats() {
            return ["code_128", "ean_13", "qr_code"];
        }
        async detect() {
            return [{ rawValue: code }];
        }
    };
}"""
"""A camera and a detector, as Android phones have them: Chromium on Linux has neither."""


def test_a_barcode_finds_its_product(rep: Page) -> None:
    rep.evaluate(CAMERA, "P-0001")
    rep.get_by_role("link", name="Search").click()
    rep.get_by_role("button", name="Scan a barcode").click()
    expect(rep.get_by_role("searchbox")).to_have_value("P-0001")
    expect(rep.locator("ul.rows a").first).to_contain_text("P-0001")


def test_a_customer_has_what_a_rep_asks_for(rep: Page, tools: None) -> None:
    open_customer(rep)
    for name in ("Addresses", "Contacts", "Credit", "Open items", "Orders"):
        expect(rep.get_by_role("heading", name=name)).to_be_visible()
    assert rep.locator("a[href^='tel:']").count() > 0
    assert rep.locator("a[href^='geo:']").count() > 0
    assert rep.locator("a[href^='mailto:']").count() > 0
    assert rep.locator("main .buttons a").all_inner_texts() == [
        "New order",
        "New expense claim",
        "New forecast",
    ]
    rep.locator("details.order summary").first.click()
    timeline = rep.locator("details.order").first.locator(".timeline")
    expect(timeline.get_by_text("Ordered")).to_be_visible()
    expect(rep.locator("details.order").first.get_by_text("delivered").first).to_be_visible()
    check_all(rep, "customer")


def test_a_product_has_its_price_for_a_customer_and_its_stock(rep: Page, tools: None) -> None:
    rep.get_by_role("link", name="Products").first.click()
    rep.get_by_role("searchbox").fill("P-0001")
    rep.locator("ul.rows a").first.click()
    expect(rep.get_by_role("heading", name="Stock")).to_be_visible()
    expect(rep.get_by_text("Available")).to_be_visible()
    rep.locator("#price-customer").click()
    rep.locator("#price-customer").fill("stralsund")
    rep.locator(".picker-open button.row").first.click()
    expect(rep.get_by_text("EUR").first).to_be_visible()
    rep.get_by_label("Quantity").fill("0")
    expect(rep.get_by_text("There is no price for this.").or_(rep.locator(".total"))).to_be_visible()
    check_all(rep, "product")


def test_a_long_list_grows_when_a_rep_scrolls(rep: Page) -> None:
    rep.goto("/app/list/customers")
    rows = rep.locator("ul.rows > li")
    expect(rows.first).to_be_visible()
    at_first = rows.count()
    rep.wait_for_function("() => innerHeight < document.documentElement.scrollHeight")
    rep.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(rows.nth(at_first)).to_be_attached()
    # A search begins again with its best results.
    rep.get_by_role("searchbox").fill("a")
    expect(rows).to_have_count(at_first)
    assert rep.evaluate("scrollY") == 0
