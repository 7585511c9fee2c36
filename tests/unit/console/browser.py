"""A browser without JavaScript for tests of the console: it keeps cookies and fills in forms."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.office import accounts, sign_in
from tests.unit.api.installation import Installation

HTTPS = "https://localhost"
PASSWORD = "heron over cold water"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Person:
    """Somebody of the office with a browser of their own."""

    installation: Installation
    name: str = "anna"
    client: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = self.installation.app.test_client()

    def get(self, path: str, *, htmx: bool = False, **headers: str) -> TestResponse:
        """Ask for a page; with *htmx* for a part of it."""
        more = {"HX-Request": "true"} if htmx else {}
        return self.client.get(path, base_url=HTTPS, headers={**more, **headers})

    def post(self, path: str, page: str = "/office/account", **fields: str) -> TestResponse:
        """Send the form of *page* with *fields* to *path*, as a browser does."""
        return self.send(path, {"csrf": self.token(page), **fields})

    def send(self, path: str, fields: dict[str, str], **headers: str) -> TestResponse:
        """Send *fields* to *path*."""
        sent = {"Sec-Fetch-Site": "same-origin", **headers}
        return self.client.post(path, data=fields, base_url=HTTPS, headers=sent)

    def token(self, page: str = "/office/account") -> str:
        """Return the token of the first form of *page*."""
        match = _CSRF.search(self.get(page).text)
        assert match is not None, f"{page} has no form"
        return unescape(match[1])

    def cookie(self) -> Any:
        """Return the console's cookie."""
        return self.client.get_cookie("__Host-satchel-office", domain="localhost", path="/")

    def sign_in(self, password: str = PASSWORD, **fields: str) -> TestResponse:
        """Send the form of the sign-in."""
        given = {"name": self.name, "password": password, **fields}
        return self.post("/office/sign-in", "/office/sign-in", **given)


def employ(installation: Installation, name: str, *roles: str, territory: str | None = None) -> Person:
    """Create an account whose password is `PASSWORD`, and return the person, not signed in."""
    now = installation.clock.now()

    def create(session: Any) -> None:
        accounts.add(session, name, roles, territory=territory, by="user:x", now=now)
        initial = sign_in.issue_password(session, name, by="user:x", now=now)
        sign_in.choose_password(
            session, name, current=initial, chosen=PASSWORD, company="C", session_id="", now=now
        )

    installation.change(create)
    return Person(installation, name)


def signed_in(installation: Installation, name: str, *roles: str, territory: str | None = None) -> Person:
    """Do as `employ`, and sign the person in."""
    person = employ(installation, name, *roles, territory=territory)
    assert person.sign_in().status_code == 303
    return person
