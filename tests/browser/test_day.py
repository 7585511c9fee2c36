"""A rep connects a phone, looks up, captures without a network, and follows a document: on the real server."""

from playwright.sync_api import Page, expect

from tests.browser.appearance import check_all
from tests.browser.conftest import Phones
from tests.browser.phone import Phone
from tests.browser.steps import add_line, begin_order, wait_until_stored


def test_an_order_is_captured_in_flight_mode_and_sent_later(rep: Page, connected: Phone, tools: None) -> None:
    connected.wait_until_installed()
    connected.flight_mode()
    begin_order(rep)
    rep.get_by_label("Customer's PO number").fill("PO 77")
    add_line(rep, "P-0001")
    rep.get_by_role("button", name="One more").click()
    quantity = rep.locator("[id='lines[0].quantity']")
    expect(quantity).to_have_value("2")
    quantity.fill("3")
    wait_until_stored(rep, '"quantity":"3"')
    # The phone dies; everything is there again.
    rep.reload()
    expect(rep.get_by_label("Customer's PO number")).to_have_value("PO 77")
    expect(quantity).to_have_value("3")
    rep.get_by_role("button", name="Save").click()
    expect(rep.get_by_text("captured, not yet confirmed")).to_be_visible()
    rep.get_by_role("button", name="Close").click()
    check_all(rep, "confirmation")
    connected.context.grant_permissions(["clipboard-read", "clipboard-write"])
    rep.get_by_role("button", name="Share").click()
    expect(rep.get_by_text("Copied.")).to_be_visible()
    shared = rep.evaluate("navigator.clipboard.readText()")
    assert "Captured, not yet confirmed" in shared
    assert "PO 77" in shared
    rep.get_by_role("button", name="To the outbox").click()
    expect(rep.get_by_role("heading", name="On this phone")).to_be_visible()
    expect(rep.get_by_role("banner")).to_contain_text("1 not sent")
    connected.flight_mode(on=False)
    rep.get_by_role("button", name="Sync now").click()
    expect(rep.get_by_role("heading", name="On its way")).to_be_visible()
    expect(rep.get_by_text("Queued").first).to_be_visible()
    expect(rep.get_by_role("banner")).not_to_contain_text("not sent")
    rep.locator("ul.rows a").first.click()
    expect(rep.get_by_text("PO 77")).to_be_visible()
    rep.get_by_role("button", name="Correct and send again").click()
    expect(rep.get_by_label("Customer's PO number")).to_have_value("PO 77")


def test_what_is_wrong_is_said_at_the_field(rep: Page, tools: None) -> None:
    begin_order(rep)
    rep.get_by_role("button", name="Save").click()
    expect(rep.get_by_text("Please correct:")).to_be_visible()
    add_line(rep, "P-0001")
    quantity = rep.locator("[id='lines[0].quantity']")
    quantity.fill("a few")
    rep.get_by_role("link", name="Line 1, Quantity").click()
    expect(quantity).to_be_focused()
    # What was typed stays, and a decimal comma is read.
    expect(quantity).to_have_value("a few")
    expect(rep.get_by_text("Enter a number, such as 3 or 0.5.")).to_be_visible()
    # The price is below what the rep may grant: the order waits for the office.
    rep.get_by_label("Discount %").fill("99")
    check_all(rep, "order")
    quantity.fill("12345678901234567890")
    quantity.blur()
    expect(rep.get_by_text("This number has too many digits or decimals.")).to_be_visible()
    quantity.fill("2,00")
    quantity.blur()
    expect(quantity).to_have_value("2.00")
    expect(rep.get_by_text("Please note:")).to_be_visible()
    expect(rep.get_by_text("the lowest price that you may grant").first).to_be_visible()
    rep.get_by_label("Customer's PO number").fill("  A\u200b1\u202e\t ")
    rep.get_by_label("Customer's PO number").blur()
    expect(rep.get_by_label("Customer's PO number")).to_have_value("A1")


def test_a_discarded_draft_comes_back(rep: Page) -> None:
    begin_order(rep)
    rep.get_by_label("Customer's PO number").fill("PO 78")
    draft = rep.url.rsplit("/", 1)[1]
    rep.get_by_role("button", name="Discard").click()
    expect(rep.locator(f"a[href$='{draft}']")).to_have_count(0)
    rep.get_by_role("button", name="Undo").click()
    rep.locator(f"a[href$='{draft}']").click()
    expect(rep.get_by_label("Customer's PO number")).to_have_value("PO 78")


def test_everything_is_found_by_a_part_of_its_name(rep: Page) -> None:
    rep.get_by_role("link", name="Search").click()
    rep.get_by_role("searchbox").fill("stralsund")
    expect(rep.get_by_role("heading", name="Customers")).to_be_visible()
    rep.get_by_role("searchbox").fill("nothing like this")
    expect(rep.get_by_text("Nothing matches.")).to_be_visible()


def test_a_wrong_code_is_explained(phone: Phone) -> None:
    phone.allowed.append("Failed to load resource: the server responded with a status of")
    page = phone.open()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("Enter the code.")).to_be_visible()
    page.get_by_label("Code from the office").fill("AAAAA-AAAAA-AAAAA")
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_text("This code is unknown, used or expired.")).to_be_visible()


def test_an_iphone_installs_the_app_first(phones: Phones) -> None:
    """A tab of Safari may lose its storage after a week, and the installed app has another one."""
    agent = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
    )
    page = phones(user_agent=agent).open()
    expect(page.get_by_text("Install the app first")).to_be_visible()
    expect(page.get_by_role("button", name="Connect")).to_have_count(0)
