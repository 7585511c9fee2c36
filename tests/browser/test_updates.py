"""New versions: nothing takes over while a window is open, and nothing that is typed is lost."""

import contextlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.phone import Phone
from tests.browser.screen_log import log_screens, screens
from tests.browser.site import Site
from tests.services.chromium import PATIENCE_MS

READY = "A new version is ready."
LOADING = "Loading the new version…"
FAILED = "The new version cannot start now."
ERROR = "Something failed"
TEXTS = {
    "en-GB": ("Use it now", READY, LOADING, ERROR),
    "zh-CN": ("立即使用", "新版本已就绪。", "正在加载新版本…", "出错了"),
}
GIVE_UP_MS = 30_000
"""As long as the app waits for an answer of the service worker of the new build."""
LOOK_EVERY_MS, CLICK_MS = 500, 5_000
IS_FETCHED = "navigator.serviceWorker.getRegistration('/app/').then(found => found.installing === null)"
WAITS = "navigator.serviceWorker.getRegistration('/app/').then(found => found.waiting !== null)"
LOOKED_MS = (6_000, 12_000, 24_000, 48_000, 96_000, 192_000)
"""How long a window is watched until unused builds are deleted: usually 4 seconds, on a busy machine longer."""


def build_of(page: Page) -> str:
    """Return the build that the window runs."""
    source = page.locator("script[type=module]").get_attribute("src") or ""
    return source.split("/")[3]


def kept_builds(page: Page) -> set[str]:
    prefix = "satchel-app-"
    names = page.evaluate("caches.keys()")
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def look_for_update(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.getRegistration('/app/').then(found => found.update())")


def use(page: Page, build: str) -> None:
    """Accept the new *build*, again if the browser needs so long to start its worker that the app gives up."""
    used, offer = page.locator(f"script[src*='{build}']"), page.get_by_role("button", name="Use it now")
    for _ in range(PATIENCE_MS // LOOK_EVERY_MS):
        # Neither is there while the window loads.
        with contextlib.suppress(Error):
            if used.count():
                return
            offer.click(timeout=CLICK_MS)
        page.wait_for_timeout(LOOK_EVERY_MS)
    raise AssertionError(f"the app offers {build} and does not use it")


def installed(shell: Phone) -> str:
    """Open and install the app; return its build."""
    shell.open()
    shell.wait_until_installed()
    return build_of(shell.page)


def open_form(page: Page) -> None:
    module = f"/app/files/{build_of(page)}/shell/update.js"
    page.evaluate(
        "address => import(address).then(update => { window.closeForm = update.formOpened() })", module
    )


@pytest.fixture
def shell(shell: Phone) -> Phone:
    """The phone, whose screens are logged."""
    log_screens(shell.context)
    return shell


@pytest.mark.parametrize("locale", TEXTS)
def test_an_accepted_build_is_loaded_without_an_error_or_another_offer(
    browser: Browser, site: Site, locale: str
) -> None:
    button, ready, loading, error = TEXTS[locale]
    phone = Phone(browser, site.url, locale=locale)
    log_screens(phone.context)
    old = installed(phone)
    new = site.publish("2.0.0")
    look_for_update(phone.page)
    expect(phone.page.get_by_text(ready)).to_be_visible()
    # The window has just started, and its requests are still being answered by the old worker.
    phone.page.reload()
    phone.page.get_by_role("button", name=button).click()
    expect(phone.page.locator(f"script[src*='{new}']")).to_have_count(1)
    expect(phone.page.get_by_role("heading", level=1)).to_be_visible()
    log = screens(phone.page)
    assert [shown.text for shown in log if error in shown.text] == []
    accepted = next(index for index, shown in enumerate(log) if loading in shown.text)
    assert {shown.build for shown in log[:accepted]} == {old}
    assert [shown.text for shown in log[accepted:] if ready in shown.text] == []
    assert {shown.build for shown in log[accepted + 1 :]} == {new}
    window = phone.context.new_page()
    window.goto("/app/settings")
    assert build_of(window) == new
    phone.close()


def test_a_build_that_does_not_start_is_given_up(shell: Phone, site: Site, eventually: Callable) -> None:
    """Its worker answers nothing. The old build works on and says so; the next build is used by one click."""
    old = installed(shell)
    shell.page.clock.install()
    site.publish("2.0.0", starts=False)
    look_for_update(shell.page)
    eventually(lambda: shell.page.evaluate(WAITS), "the worker of the new build waits")
    shell.page.clock.fast_forward(GIVE_UP_MS)
    shell.page.get_by_role("button", name="Use it now").click()
    expect(shell.page.get_by_text(LOADING)).to_be_visible()
    shell.page.clock.fast_forward(GIVE_UP_MS)
    expect(shell.page.get_by_text(FAILED)).to_be_visible()
    expect(shell.page.get_by_role("heading", level=1)).to_be_visible()
    assert build_of(shell.page) == old
    assert [shown.text for shown in screens(shell.page) if ERROR in shown.text] == []
    newest = site.publish("3.0.0")
    look_for_update(shell.page)
    eventually(lambda: newest in kept_builds(shell.page), "the newest build is fetched")
    eventually(lambda: shell.page.evaluate(IS_FETCHED), "its worker waits")
    use(shell.page, newest)


def test_a_new_build_waits_until_it_is_asked_for(shell: Phone, site: Site) -> None:
    old = installed(shell)
    new = site.publish("2.0.0")
    look_for_update(shell.page)
    expect(shell.page.get_by_text(READY)).to_be_visible()
    assert build_of(shell.page) == old
    # Loading again does not change it either: the worker of the old build still answers.
    shell.page.reload()
    assert build_of(shell.page) == old
    use(shell.page, new)
    shell.page.goto("/app/settings")
    expect(shell.page.get_by_text("Satchel 2.0.0")).to_be_visible()

    for milliseconds in LOOKED_MS:
        for _ in range(milliseconds // LOOK_EVERY_MS):
            if kept_builds(shell.page) == {new}:
                return
            shell.page.wait_for_timeout(LOOK_EVERY_MS)
        # Chromium may put the new worker off while a window is open, and a window that was too slow to say
        # which build it runs keeps all: leave the app, and open it again. That may have to wait until the
        # browser has ended the old worker.
        shell.page.goto("about:blank")
        shell.page.wait_for_timeout(1000)
        with contextlib.suppress(Error):
            shell.page.goto("/app/settings", timeout=milliseconds)
    raise AssertionError("the old build is deleted when nothing uses it")


def test_a_new_build_is_used_when_all_windows_were_closed(
    shell: Phone, site: Site, eventually: Callable
) -> None:
    installed(shell)
    new = site.publish("2.0.0")
    look_for_update(shell.page)
    expect(shell.page.get_by_text(READY)).to_be_visible()
    shell.page.close()
    shell.page = shell.context.new_page()

    def opens_new() -> bool:
        shell.open()
        if build_of(shell.page) == new:
            return True
        # The browser had not yet noticed that the window is closed. This window must leave the app too, and for
        # some time: while it shows the app, the old build stays.
        shell.page.goto("about:blank")
        return False

    eventually(opens_new, "the new build opens")


def test_an_open_form_is_not_disturbed(shell: Phone, site: Site) -> None:
    old = installed(shell)
    open_form(shell.page)
    site.publish("2.0.0")
    look_for_update(shell.page)
    expect(shell.page.get_by_text("It is used when you have finished here.")).to_be_visible()
    expect(shell.page.get_by_role("button", name="Use it now")).to_have_count(0)
    assert build_of(shell.page) == old
    shell.page.evaluate("window.closeForm()")
    expect(shell.page.get_by_role("button", name="Use it now")).to_be_visible()


def test_another_window_keeps_its_build(shell: Phone, site: Site) -> None:
    """One window changes to the new build; the other has a form, and still loads modules of its own build."""
    old = installed(shell)
    other = shell.context.new_page()
    other.goto("/app/")
    open_form(other)
    new = site.publish("2.0.0")
    look_for_update(shell.page)
    use(shell.page, new)
    expect(other.get_by_text("It is used when you have finished here.")).to_be_visible()
    assert build_of(other) == old
    assert kept_builds(other) == {old, new}
    # The server does not have this module any more.
    other.get_by_role("link", name="Settings").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Settings")


def test_an_update_fetches_only_what_has_changed(shell: Phone, site: Site) -> None:
    installed(shell)
    new = site.publish("2.0.0")
    site.requests.clear()
    look_for_update(shell.page)
    expect(shell.page.get_by_text(READY)).to_be_visible()
    fetched = {path for path, _ in site.requests}
    assert fetched == {"/app/sw.js", "/app/", "/app/manifest.webmanifest", f"/app/files/{new}/build.js"}


def test_a_captive_portal_replaces_nothing(shell: Phone, site: Site) -> None:
    """Its pages come with status 200; neither the worker nor a file of the new build may be one of them."""
    old = installed(shell)
    site.publish("2.0.0")
    site.portal = True
    shell.allowed += ["The script has an unsupported MIME type"]
    shell.page.evaluate(
        "navigator.serviceWorker.getRegistration('/app/').then(found => found.update()).catch(() => {})"
    )
    shell.page.reload()
    assert build_of(shell.page) == old
    assert kept_builds(shell.page) == {old}
    window = shell.context.new_page()
    window.goto("/app/settings")
    expect(window.get_by_role("heading", level=1)).to_have_text("Settings")
