"""The pictures in README.md and docs/app.md show the screens as they are.

Beside each picture stand the app's own words on that screen. If they differ, the picture is outdated:
`SATCHEL_PICTURES=write .venv/bin/pytest -n 0 tests/browser/test_pictures.py` makes both again. Pixels are not
compared, because they depend on the machine's fonts.
"""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.appearance import SIZES, TEXTS
from tests.browser.phone import Phone
from tests.browser.steps import add_line, begin_order, connect
from tests.system.scenarios.node import Node

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "images"
VARIABLE = "SATCHEL_PICTURES"
MOST_BYTES = 60_000
NAMES = ("order", "outbox")
FIGURES = re.compile(r"[A-Z][a-z]{2} \d+, \d{4}, [\d:]+\s[AP]M|\d+(?:[.,]\d+)*")
"""Instants and numbers."""


def words(page: Page) -> str:
    """Return the app's own words on the screen, a line each, without figures and without the company's data."""
    # The badge says something else each moment.
    badge = " ".join(page.locator(".badge").inner_text().split())
    texts = (" ".join(text.split()) for text in page.evaluate(TEXTS))
    shown = (FIGURES.sub("0", text) for text in texts if text and text not in badge)
    return "".join(f"{text}\n" for text in shown)


def check_picture(page: Page, name: str) -> None:
    """Compare the screen with the words beside the picture *name*; write both if SATCHEL_PICTURES says so."""
    picture, text = FOLDER / f"{name}.png", FOLDER / f"{name}.txt"
    if os.environ.get(VARIABLE) == "write":
        page.screenshot(path=picture)
        text.write_text(words(page))
    assert words(page) == text.read_text(), f"{picture.name} is outdated: run this test with {VARIABLE}=write"


def scroll_to(page: Page, selector: str) -> None:
    """Scroll until *selector* is below the header."""
    page.locator(selector).first.evaluate(
        "each => scrollTo(0, each.getBoundingClientRect().top + scrollY - 130)"
    )


def test_the_pictures_show_the_screens_as_they_are(phone: Phone, node: Node) -> None:
    page = connect(phone, node, "R2")
    page.set_viewport_size(SIZES[0])
    phone.wait_until_installed()
    save_order(page)
    page.get_by_role("button", name="To the outbox").click()
    expect(page.get_by_text("Queued")).to_be_visible()
    phone.flight_mode()
    page.get_by_role("link", name="Home").first.click()
    begin_order(page)
    add_line(page, "P-0001")
    add_line(page, "P-0002")
    page.locator("[id='lines[0].quantity']").fill("3")
    page.locator("[id='lines[1].quantity']").fill("12")
    page.locator("[id='lines[1].quantity']").blur()
    scroll_to(page, "[id='lines[0].quantity']")
    check_picture(page, "order")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="To the outbox").click()
    expect(page.get_by_role("heading", name="On this phone")).to_be_visible()
    check_picture(page, "outbox")


def save_order(page: Page) -> None:
    begin_order(page)
    add_line(page, "P-0003")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("captured, not yet confirmed")).to_be_visible()


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_small_and_stands_in_both_pages(name: str) -> None:
    assert (FOLDER / f"{name}.png").stat().st_size <= MOST_BYTES
    assert f"(docs/images/{name}.png)" in (ROOT / "README.md").read_text()
    assert f"(images/{name}.png)" in (ROOT / "docs" / "app.md").read_text()
