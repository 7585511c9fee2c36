"""What a rep does about a document: not send it, undo, withdraw, correct what the server refuses, sign out."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.appearance import check_all
from tests.browser.phone import Phone
from tests.browser.steps import add_line, begin_order, connect
from tests.system.scenarios.node import Node

WITHOUT_CHECKS = """async () => {
    const base = document.querySelector("script[type=module]").src.replace("main.js", "");
    const { device } = await import(base + "shell/device.js");
    await device.call.setContract(null);
}"""
"""As an app that has no contract yet: only the server checks."""


def capture_order(page: Page, quantity: str = "2") -> str:
    """Capture an order and open its page; return the address."""
    begin_order(page)
    add_line(page, "P-0001")
    page.locator("[id='lines[0].quantity']").fill(quantity)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("captured, not yet confirmed")).to_be_visible()
    document = page.url.rsplit("/", 1)[1]
    page.get_by_role("button", name="To the outbox").click()
    # Not by its address: after a reload Chromium says that it is online, although the test says that it is not.
    page.locator(f"a[href$='{document}']").click()
    expect(page.get_by_role("button", name="Show confirmation")).to_be_visible()
    return page.url


def sync(page: Page) -> None:
    page.goto("/app/outbox")
    page.get_by_role("button", name="Sync now").click()


def test_a_step_is_undone_while_nothing_has_left_the_phone(rep: Page, connected: Phone, tools: None) -> None:
    connected.wait_until_installed()
    connected.flight_mode()
    address = capture_order(rep)
    state = rep.locator("section[role=status]")
    rep.get_by_role("button", name="Do not send it").click()
    expect(state).to_contain_text("Not sent, as you decided")
    rep.get_by_role("button", name="Undo").click()
    expect(state).to_contain_text("On this phone")
    connected.flight_mode(on=False)
    sync(rep)
    rep.goto(address)
    expect(state).to_contain_text("Queued")
    connected.flight_mode()
    rep.get_by_role("button", name="Withdraw").click()
    rep.get_by_label("Why?").fill("They changed their mind")
    rep.get_by_role("button", name="Send", exact=True).click()
    rep.get_by_role("button", name="Undo").first.click()
    expect(rep.get_by_text("It was undone.")).to_be_visible()
    # The withdrawal was not sent, so nothing has replaced the order.
    expect(rep.get_by_role("link", name=re.compile("Newer version|Withdrawal"))).to_have_count(0)
    connected.flight_mode(on=False)
    sync(rep)
    withdrawal = rep.get_by_role("link", name=re.compile(r"^Withdrawal · Order · \w+"))
    expect(withdrawal).to_have_count(1)
    check_all(rep, "outbox-withdrawal")
    withdrawal.click()
    rep.get_by_role("link", name=re.compile(r"^Order · ")).click()
    expect(state).to_contain_text("Queued")
    line = rep.locator("ol.lines li")
    expect(line).to_have_text(re.compile(r"^\s*Angle grinder Flex 101 · 2\sPiece · 114\.35\sEUR · 0\s%\s*$"))
    check_all(rep, "document")


def test_what_the_server_refuses_is_corrected_at_the_field(rep: Page, tools: None) -> None:
    rep.evaluate(WITHOUT_CHECKS)
    address = capture_order(rep, "0")
    state = rep.locator("section[role=status]")
    expect(state).to_contain_text("Refused")
    expect(rep.get_by_role("banner").get_by_text("needs you")).to_be_visible()
    expect(rep.get_by_text("Line 1, Quantity", exact=True)).to_be_visible()
    check_all(rep, "refused")
    rep.get_by_role("button", name="Do not send it").click()
    expect(state).to_contain_text("Not sent, as you decided")
    rep.get_by_role("button", name="Undo").click()
    expect(state).to_contain_text("Refused")
    rep.get_by_role("button", name="Correct it").click()
    quantity = rep.locator("[id='lines[0].quantity']")
    expect(quantity).to_be_focused()
    quantity.fill("4")
    rep.get_by_role("button", name="Save").click()
    expect(rep.get_by_text("captured, not yet confirmed")).to_be_visible()
    rep.goto(address)
    expect(state).to_contain_text("Replaced")
    expect(rep.get_by_role("banner").get_by_text("needs you")).to_have_count(0)


def test_signing_out_keeps_what_is_not_sent(
    rep: Page, connected: Phone, node: Node, tmp_path: Path, tools: None
) -> None:
    connected.wait_until_installed()
    connected.flight_mode()
    address = capture_order(rep)
    rep.goto("/app/settings")
    rep.get_by_role("button", name="Sign out").click()
    expect(rep.get_by_text("1 document is not sent.")).to_be_visible()
    check_all(rep, "sign-out")
    with rep.expect_download() as download:
        rep.get_by_role("button", name="Save what is not sent").click()
    download.value.save_as(tmp_path / "unsent.zip")
    assert (tmp_path / "unsent.zip").stat().st_size > 0
    rep.get_by_role("button", name="Sign out now").click()
    expect(rep.get_by_text("There are documents on this phone that are not sent.")).to_be_visible()
    connected.flight_mode(on=False)
    connect(connected, node)
    rep.goto(address)
    expect(rep.locator("section[role=status]")).to_contain_text("Queued")
