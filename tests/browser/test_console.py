"""The office console in a browser: by keyboard, at a phone's and a desk's width, without faults for axe."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.appearance import BROKEN_WORDS, LONGEST_WORD, VARIABLE, violations
from tests.system.scenarios.conftest import Enrol
from tests.system.scenarios.conftest import enrol as enrol
from tests.system.scenarios.node import Node

WIDTHS = (390, 1440)
FOCUSED = "document.activeElement.labels?.[0]?.innerText?.trim() ?? document.activeElement.innerText"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PASSWORD = "heron over cold water"


class Desk:
    """A browser at the desk of somebody of the office. It notes what the policy has refused."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.page: Page = context.new_page()
        self.refusals: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.refusals.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind == "error" and "Failed to load resource" not in text:
            self.refusals.append(text)

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.url}{path}")
        return self.page


@dataclass(frozen=True)
class Account:
    """An account of the test's own, with its initial password."""

    name: str
    password: str


@pytest.fixture
def account(node: Node, request: pytest.FixtureRequest) -> Account:
    name = request.node.name.split("_")[2]
    output = node.command("office", "add", name, "--role", "order_desk", "--role", "it")
    return Account(name, output.strip())


@pytest.fixture
def desk(browser: Browser, node: Node) -> Iterator[Desk]:
    context = browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    desk = Desk(context, node.url)
    yield desk
    context.close()
    assert desk.refusals == []


def type_and_press(page: Page, *texts: str) -> None:
    """Type *texts* into one field after the other, beginning with the focused one, and press Enter."""
    for n, text in enumerate(texts):
        if n:
            page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element with the accessible name *name* has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if (
            page.evaluate(
                "document.activeElement.labels?.[0]?.innerText?.trim() ?? document.activeElement.innerText"
            )
            == name
        ):
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def enter(desk: Desk, account: Account) -> Page:
    """Sign in with the initial password, and choose another one; return the start page, whose clock is ours."""
    desk.page.clock.install()
    page = desk.open("/office/")
    page.locator("[name=name]").fill(account.name)
    page.locator("[name=password]").fill(account.password)
    page.locator("main button").click()
    for field, text in (("current", account.password), ("new", PASSWORD), ("again", PASSWORD)):
        page.locator(f"article [name={field}]").first.fill(text)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("heading", name="Start")).to_be_visible()
    return page


def check(page: Page, name: str) -> None:
    """Check a page at each width: nothing wider than the window, nothing serious for axe; keep a picture."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        faults = violations(page)
        assert faults == [], f"{name} at {width}"
        broken = page.evaluate(BROKEN_WORDS, LONGEST_WORD)
        assert not broken, f"{name} at {width} breaks words: {broken}"
        wider: Any = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, f"{name} at {width} is {wider} pixels too wide"
        if VARIABLE in os.environ:
            page.screenshot(path=Path(os.environ[VARIABLE]) / f"console-{name}-{width}.png", full_page=True)


@pytest.mark.usefixtures("tools")
def test_a_person_signs_in_by_keyboard_chooses_a_password_and_sees_the_start_page(
    desk: Desk, account: Account
) -> None:
    page = desk.open("/office/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    check(page, "sign-in")
    tab_to(page, "Name")
    type_and_press(page, account.name, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("not right")
    tab_to(page, "Password")
    type_and_press(page, account.password)
    expect(page.get_by_role("heading", name=account.name)).to_be_visible()
    check(page, "initial-password")
    tab_to(page, "Present password")
    type_and_press(page, account.password, PASSWORD, PASSWORD)
    expect(page.get_by_role("heading", name="Start")).to_be_visible()
    assert [cookie["name"] for cookie in desk.context.cookies()] == ["__Host-satchel-office"]
    check(page, "start")
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("searchbox")).to_be_visible()
    check(page, "documents")
    page.get_by_role("link", name="My account").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    check(page, "account")
    page.get_by_label("Language").select_option("zh")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="首页").click()
    expect(page.get_by_role("heading", name="待您处理")).to_be_visible()
    check(page, "start-zh")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_the_console_works_without_javascript(browser: Browser, node: Node, account: Account) -> None:
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(f"{node.url}/office/account")
    page.get_by_label("Name").fill(account.name)
    page.get_by_label("Password").fill(account.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=account.name)).to_be_visible()
    context.close()


def test_a_live_part_asks_again_and_gets_no_page_while_nothing_changes(
    desk: Desk, node: Node, account: Account
) -> None:
    page = enter(desk, account)
    with page.expect_response(lambda response: response.request.headers.get("hx-request") == "true") as polled:
        page.clock.fast_forward(31_000)
    assert polled.value.status in (200, 304)
    with page.expect_response(lambda response: response.request.headers.get("hx-request") == "true") as again:
        page.clock.fast_forward(31_000)
    assert again.value.request.headers["if-none-match"].startswith('W/"')


@pytest.mark.usefixtures("tools")
def test_a_document_is_found_by_its_number_and_its_page_is_fit_to_read(
    desk: Desk, node: Node, enrol: Enrol, account: Account
) -> None:
    rep = enrol(node, "R1")
    rep.sync()
    id = rep.capture_order()
    rep.sync()
    page = enter(desk, account)
    page.get_by_role("link", name="Documents").click()
    expect(page.locator(f"tbody th a[href$='{id}']")).to_be_visible()
    check(page, "documents-filled")
    page.get_by_role("searchbox").fill(id)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.get_by_text(id)).to_be_visible()
    check(page, "document")


@pytest.mark.usefixtures("tools")
def test_a_parked_document_is_sent_in_three_clicks_after_reading_it_and_a_batch_is_undone(
    desk: Desk, node: Node, enrol: Enrol, account: Account
) -> None:
    rep = enrol(node, "R1")
    rep.sync()
    id = rep.capture_order()
    rep.sync()
    page = enter(desk, account)
    desk.open(f"/office/documents/{id}")
    page.get_by_label("Reason").fill("The customer calls back")
    page.get_by_role("button", name="Stop it before it is sent").click()
    expect(page.get_by_role("button", name="Send again")).to_be_visible()
    check(page, "document-parked")
    page.get_by_role("button", name="Cancel for good").click()
    expect(page.get_by_role("alert")).to_contain_text("is required, because the rep reads it")
    check(page, "refused")
    page.get_by_role("link", name="Start").click()
    page.get_by_role("link", name="Waits for a person").first.click()
    expect(page.get_by_role("button", name="Begin")).to_be_visible()
    check(page, "cause")
    page.get_by_label("Action").select_option("retry")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("cell", name="done")).to_be_visible()
    check(page, "batch")
    page.get_by_role("button", name="Undo what is not sent yet").click()
    expect(page.get_by_role("cell", name="parked again")).to_be_visible()
    page.get_by_role("link", name=id).click()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("button", name="Stop it before it is sent")).to_be_visible()
    rep.sync()
    document = rep.submission(id)
    assert document is not None
    assert (document["state"], document["reason"]) == ("queued", "The office sends it again")
