"""A server with the sample company, and phones that open the app there."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from backend.webapp.builder import __main__ as webapp_build
from backend.webapp.builder import npm
from tests.browser.appearance import SIZES
from tests.browser.phone import Phone
from tests.browser.site import Site
from tests.browser.steps import connect
from tests.eventually import SECONDS
from tests.services.chromium import PATIENCE_MS, launch
from tests.services.file_lock import CACHE, file_lock
from tests.system.scenarios.node import Node
from tests.system.scenarios.test_journey_flatfile import SampleErp

Phones = Callable[..., Phone]

# The default of 5 seconds is for a machine of one's own.
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def built_app() -> None:
    """The app, built from this checkout; the test processes share one build."""
    with file_lock(CACHE / "webapp.lock"):
        webapp_build.build_checkout()


@pytest.fixture(scope="package")
def erp(tmp_path_factory: pytest.TempPathFactory) -> SampleErp:
    """The sample company's ERP."""
    return SampleErp(tmp_path_factory.mktemp("company") / "erp")


@pytest.fixture(scope="package")
def node(built_app: None, tmp_path_factory: pytest.TempPathFactory, erp: SampleErp) -> Iterator[Node]:
    """The real server as a process of its own, shared by the tests of this folder."""
    with Node(tmp_path_factory.mktemp("node"), {"SATCHEL_ERP_FOLDER": str(erp.folder)}) as node:
        node.command("init", "--sample")
        node.command("ingest")
        node.start_web()
        yield node


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright; stopped before other tests start, because while it runs this thread has an event loop."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The browser of the tests of the app."""
    started = launch(playwright)
    yield started
    started.close()


@pytest.fixture
def phones(browser: Browser, node: Node) -> Iterator[Phones]:
    """`phones()` returns a new phone; all of them are closed and checked at the end."""
    opened: list[Phone] = []

    def make(**options: Any) -> Phone:
        opened.append(Phone(browser, node.url, **options))
        return opened[-1]

    yield make
    for phone in opened:
        phone.close()


@pytest.fixture
def phone(phones: Phones) -> Phone:
    """One phone."""
    return phones()


@pytest.fixture(scope="package")
def connected(browser: Browser, node: Node) -> Iterator[Phone]:
    """A phone that is enrolled once for all tests of screens: most of their time would be the first sync."""
    phone = Phone(browser, node.url)
    connect(phone, node)
    yield phone
    phone.close()


@pytest.fixture
def rep(connected: Phone) -> Page:
    """The window of a connected phone, at the first screen. Drafts of other tests may be there."""
    connected.context.set_offline(False)
    page = connected.open()
    expect(page.get_by_role("heading", name="Look up")).to_be_visible()
    page.set_viewport_size(SIZES[0])
    return page


@pytest.fixture
def site(built_app: None, tmp_path: Path) -> Iterator[Site]:
    """The app's files on a server of the test's own."""
    with Site(tmp_path).running() as site:
        yield site


@pytest.fixture
def shell(browser: Browser, site: Site) -> Iterator[Phone]:
    """A phone for tests of the shell: it opens the app of `site`."""
    phone = Phone(browser, site.url)
    yield phone
    phone.close()


@pytest.fixture
def eventually(shell: Phone) -> Callable[[Callable[[], bool], str], None]:
    """`eventually(condition, what)` waits until *condition* holds, while the windows continue."""

    def wait(condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}"
            shell.page.wait_for_timeout(100)

    return wait


@pytest.fixture(scope="session")
def tools() -> None:
    """The npm packages that only tests need, such as axe."""
    with file_lock(CACHE / "webapp.lock"):
        npm.install(tools=True)
