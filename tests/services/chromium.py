"""Chromium, as every test starts it."""

from playwright.sync_api import Browser, Playwright

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


def launch(playwright: Playwright, flags: tuple[str, ...] = FLAGS) -> Browser:
    """Start the browser with *flags*; the caller closes it."""
    return playwright.chromium.launch(executable_path=str(chromium_program()), args=list(flags))
