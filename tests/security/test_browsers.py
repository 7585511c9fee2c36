"""What a browser could do with the API: no cookies, no state change by GET, no script in a page, no form."""

import re
from html.parser import HTMLParser

import pytest
from sqlalchemy import text

from backend.api.responses import HEADERS
from backend.api.routes import ROUTES
from backend.settings import read_settings
from tests.security.company import OFFICE_TOKEN
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.office.people import store

XSS = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
ALLOWED_TO_CHANGE = {"POST", "PATCH", "DELETE"}


def address(path: str) -> str:
    return re.sub(r"<\w+>", "01KBR9Z8Q5T0000000000000AA", path)


def test_no_reply_sets_a_cookie_and_none_is_read(installation: Installation, phone: Phone) -> None:
    # Werkzeug's client with a jar of its own drops the header.
    browser = installation.app.test_client(use_cookies=False)
    for route in ROUTES:
        reply = phone.ask(route.method, address(route.path))
        assert "Set-Cookie" not in reply.headers
        cookie = {"Cookie": f"session={phone.access_token}; access_token={phone.access_token}"}
        alone = browser.open(address(route.path), method=route.method, headers=cookie)
        plain = installation.client.open(address(route.path), method=route.method)
        assert (alone.status_code, alone.headers.get("Satchel-Error")) == (
            plain.status_code, plain.headers.get("Satchel-Error"),
        )  # fmt: skip


def test_a_form_of_another_page_changes_nothing(installation: Installation, phone: Phone) -> None:
    """A browser sends these types without asking first; a bearer token cannot come with them anyway."""
    for media_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        for path in ("/v1/push", "/v1/sync", "/v1/verify", "/v1/enrol", "/v1/token"):
            reply = phone.ask("POST", path, data=b'{"submissions":[]}', headers={"Content-Type": media_type})
            assert reply.status_code == 415, (path, media_type)


def test_no_get_changes_anything(installation: Installation, phone: Phone) -> None:
    def rows() -> list[str]:
        with installation.sessions() as session:
            names = session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
            # A refused request leaves an entry in the audit trail, which is no data of anybody's.
            kept = sorted(name for name in names if not name.startswith("audit"))
            tables = {name: text(f'SELECT * FROM "{name}"') for name in kept}
            return [f"{name}: {session.execute(query).all()}" for name, query in tables.items()]

    now = installation.clock.now()
    installation.change(lambda s: store(s, "anna", "finance", OFFICE_TOKEN, now=now))
    office = {"Authorization": f"Bearer {OFFICE_TOKEN}"}
    assert installation.client.get("/v1/office/parked", headers=office).status_code == 200
    phone.pull()
    before = rows()
    for route in ROUTES:
        if route.method not in ALLOWED_TO_CHANGE:
            phone.ask(route.method, address(route.path))
            installation.client.open(address(route.path), method=route.method)
            installation.client.open(address(route.path), method=route.method, headers=office)
    assert rows() == before


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_reply_forbids_scripts_frames_and_sniffing(installation: Installation, route) -> None:
    reply = installation.client.open(address(route.path), method=route.method)
    # The contract has nothing of the company, and is kept by caches that ask each time.
    own = {"Cache-Control": "public, no-cache"} if route.name == "contract" else {}
    for name, value in (HEADERS | own).items():
        assert reply.headers[name] == value
    assert "'none'" in reply.headers["Content-Security-Policy"]


def test_nothing_but_the_contract_may_be_kept_by_a_cache() -> None:
    assert HEADERS["Cache-Control"] == "no-store"
    assert [route.name for route in ROUTES if route.path.startswith("/app/")] == ["contract"]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_texts_in_pages_are_escaped(tmp_path, clock) -> None:
    settings = read_settings({"SATCHEL_FOLDER": str(tmp_path), "SATCHEL_COMPANY": XSS})
    with install(settings, clock) as installation:
        pages = {
            r.path: installation.client.get(r.path).text for r in ROUTES if "html" in str(r.operation.replies)
        }
        missing = installation.client.get(f"/{XSS}")
    assert list(pages) == ["/"]
    for page in pages.values():
        parser = Tags()
        parser.feed(page)
        assert not parser.tags & {"script", "img", "iframe", "form", "object"}
        assert not any(name.startswith("on") for name in parser.attributes)
    assert missing.mimetype == "application/problem+json"
