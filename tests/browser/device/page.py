"""A page that loads the modules of the browser device from this checkout, without the app around them.

The files are handed to the browser by interception, under an origin that needs no server: the databases of the
browser belong to an origin, and a device must find its own again after a restart.
"""

from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, Route

from backend.webapp.builder import vendor
from backend.webapp.builder.paths import APP, VENDOR
from tests.services.file_lock import CACHE, file_lock

ORIGIN = "http://localhost"
FOLDER = Path(__file__).parent
FOLDERS = {"device": APP / "device", "vendor": VENDOR, "tests": FOLDER}
SHELL = '<!doctype html><meta charset="utf-8"><title>device</title>'
TYPES = {".js": "text/javascript", ".json": "application/json"}


def serve_modules(context: BrowserContext) -> None:
    """Answer all requests of *context* below `ORIGIN` with files of this checkout."""
    with file_lock(CACHE / "webapp.lock"):
        vendor.refresh()
    context.route(f"{ORIGIN}/**", _fulfil)


def open_page(context: BrowserContext, module: str) -> Page:
    """Open a page that has run *module*, a file of this folder."""
    page = context.new_page()
    page.goto(f"{ORIGIN}/")
    page.evaluate("path => import(path).then(() => true)", f"/tests/{module}")
    return page


def _fulfil(route: Route) -> None:
    path = urlsplit(route.request.url).path
    _, top, *rest = path.split("/")
    if not top:
        route.fulfill(body=SHELL, content_type="text/html")
        return
    file = FOLDERS.get(top, APP / top).joinpath(*rest)
    route.fulfill(path=file, content_type=TYPES.get(file.suffix, "text/plain"))
