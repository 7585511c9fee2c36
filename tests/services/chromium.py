"""Chromium, as every test starts it."""

from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright

from tests.services.binaries import chromium_program

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
OTHER_ORIGINS = (
    *FLAGS,
    # The server under test is another origin than the page, and sends no CORS headers.
    "--disable-web-security",
    "--disable-features=LocalNetworkAccessChecks",
)
"""Flags for pages that call servers of other origins."""


PATIENCE_MS = 180_000
"""Milliseconds after which a test gives up waiting for the browser, on a machine that runs other tests too."""


def launch(playwright: Playwright, flags: tuple[str, ...] = FLAGS) -> Browser:
    """Start the browser with *flags*; the caller closes it."""
    program = str(chromium_program())
    return playwright.chromium.launch(executable_path=program, args=list(flags), timeout=PATIENCE_MS)


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Return a new context of *browser* that is patient; the caller closes it."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context
