"""The settings, and how the screens of the shell look."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.appearance import check_all
from tests.browser.phone import Phone
from tests.browser.site import Site
from tests.services.chromium import new_context


@pytest.mark.parametrize("path", ["", "settings", "nothing"])
def test_screens_of_the_shell_look_right(shell: Phone, tools: None, path: str) -> None:
    page = shell.open(f"/app/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    check_all(page, f"shell-{path or 'home'}")


def test_language_and_theme_are_kept(shell: Phone) -> None:
    page = shell.open("/app/settings")
    page.get_by_label("Language").select_option("简体中文")
    expect(page.get_by_role("heading", level=1)).to_have_text("设置")
    page.get_by_label("外观").select_option("深色")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("设置")
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dataset.theme]") == [
        "zh-CN",
        "dark",
    ]
    assert page.title() == "设置 · Satchel"


def test_the_phone_decides_until_a_person_does(shell: Phone) -> None:
    assert shell.context.browser is not None
    window = new_context(shell.context.browser, base_url=shell.url, locale="zh-CN").new_page()
    window.goto("/app/settings")
    expect(window.get_by_role("heading", level=1)).to_have_text("设置")
    window.context.close()


def test_the_diagnostics_file_says_what_support_needs(shell: Phone, tmp_path: Path) -> None:
    page = shell.open("/app/settings")
    shell.wait_until_installed()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save diagnostics file").click()
    download.value.save_as(tmp_path / "file.json")
    saved = json.loads((tmp_path / "file.json").read_text())
    assert saved["build"] in page.content()
    assert saved["worker"] == {"active": "activated", "waiting": None, "controls": True}
    assert saved["storage"]["free"] > 0
    assert saved["errors"] == []


def test_storage_that_is_refused_does_not_stop_the_app(shell: Phone) -> None:
    shell.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('refused') }})"
    )
    page = shell.open("/app/settings")
    page.get_by_label("Language").select_option("简体中文")
    expect(page.get_by_role("heading", level=1)).to_have_text("设置")


def test_a_server_that_does_not_answer_is_said_to_be_so(shell: Phone, site: Site) -> None:
    page = shell.open("/app/settings")
    shell.wait_until_installed()
    site.portal = True
    shell.allowed += ["The script has an unsupported MIME type"]
    page.get_by_role("button", name="Look for a new version").click()
    expect(page.get_by_text("The server does not answer.")).to_be_visible()
