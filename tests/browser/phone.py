"""A rep's phone: one browser context, whose errors fail the test."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.services.chromium import new_context

DEFAULTS = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "locale": "en-GB",
    # Colours change at once: a check in the middle of a transition would measure a contrast that nobody sees.
    "reduced_motion": "reduce",
}
UNREACHABLE = "Failed to load resource: net::ERR_"
"""What the browser's console says about a request that a test has made impossible."""


class Phone:
    """A phone with its own storage.

    Attributes:
        page: The window that is open first.
        errors: What the consoles of all windows and of the service worker reported, violations of the
            Content-Security-Policy among it.
        allowed: Beginnings of messages that the test causes on purpose.
    """

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.url = url
        self.errors: list[str] = []
        self.allowed: list[str] = []
        self.context: BrowserContext = new_context(browser, base_url=url, **{**DEFAULTS, **options})
        self.context.on("console", self._note)
        self.context.on("weberror", lambda error: self.errors.append(str(error.error)))
        self.page = self.context.new_page()

    def open(self, path: str = "/app/") -> Page:
        """Open *path* in the first window and return it."""
        self.page.goto(path)
        return self.page

    def flight_mode(self, *, on: bool = True) -> None:
        """Switch the network off, for the service worker too."""
        self.context.set_offline(on)
        self.allowed.append(UNREACHABLE)

    def wait_until_installed(self) -> None:
        """Wait until the service worker has stored the app, and serves this window."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        self.page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    def screenshot(self, path: Path) -> None:
        """Keep what the screen shows."""
        self.page.screenshot(path=path)

    def close(self) -> None:
        """Close all windows; fail if one of them reported an error."""
        self.context.close()
        unexpected = [error for error in self.errors if not error.startswith(tuple(self.allowed) or ("\0",))]
        assert not unexpected, unexpected

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)
