"""A browser with the modules of the device, and pages in which tests call them."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.device.page import open_page, serve_modules
from tests.services.chromium import OTHER_ORIGINS, launch, new_context

Pages = Callable[[], Page]


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose pages may call servers of other origins, which send no CORS headers."""
    started = launch(playwright, OTHER_ORIGINS)
    yield started
    started.close()


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    """`pages()` opens one more page of the same browser profile."""
    context = new_context(browser)
    serve_modules(context)
    yield lambda: open_page(context, "modules.js")
    context.close()


@pytest.fixture
def page(pages: Pages) -> Page:
    """A page with the modules of the device in `m`."""
    return pages()
