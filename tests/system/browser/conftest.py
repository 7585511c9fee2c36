"""A real browser, a page served from another port, and Satchel over real HTTP."""

import functools
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from backend.clock import ManualClock
from backend.settings import read_settings
from tests.services.chromium import launch, new_context
from tests.services.serving import serving
from tests.unit.api.installation import Installation, install

FOLDER = Path(__file__).parent


class Quiet(SimpleHTTPRequestHandler):
    """Serves the app's files as a strict host would: isolated, so that nothing is embedded without
    permission."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser; closed before other tests start, because while it is open this thread has an event loop."""
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture
def origin() -> Iterator[str]:
    """The origin of the app's page."""
    handler = functools.partial(Quiet, directory=str(FOLDER))
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as address:
        yield address


@pytest.fixture
def installation(origin: str, tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    """An installation whose operator has allowed the app's origin."""
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_CORS_ORIGINS": origin})
    with install(settings, clock) as installation:
        yield installation


@pytest.fixture
def server(installation: Installation) -> Iterator[str]:
    """The address of Satchel."""
    with serving(make_server("127.0.0.1", 0, installation.app, threaded=True)) as address:
        yield address


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    """The app's page, open in the browser."""
    context = new_context(browser)
    opened = context.new_page()
    opened.goto(f"{origin}/app.html")
    opened.wait_for_function("() => window.app !== undefined")
    yield opened
    context.close()
