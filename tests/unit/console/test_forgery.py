"""Requests of other sites: no form of theirs changes anything, no frame shows ours, no script runs in ours."""

import re
from typing import Any

import pytest

from backend.console import csrf
from backend.console.routes import PAGES, PREFIX
from tests.unit.api.installation import Installation
from tests.unit.console.browser import Person, employ, signed_in

UNSAFE = [page for page in PAGES if page.method != "GET"]


def path_of(path: str) -> str:
    return PREFIX + re.sub(r"<[^>]+>", "01KB0000000000000000000001", path)


def test_every_page_that_changes_something_takes_post_only() -> None:
    assert {page.method for page in PAGES} == {"GET", "POST"}
    assert len(UNSAFE) >= 6


@pytest.mark.parametrize("page", UNSAFE, ids=lambda page: page.name)
def test_a_form_without_the_sessions_token_is_refused(installation: Installation, page: Any) -> None:
    anna = signed_in(installation, "anna", "order_desk", "finance", "it")
    other = signed_in(installation, "bert", "order_desk")
    for fields in ({"x": "1"}, {"csrf": ""}, {"csrf": "x"}, {"csrf": "é"}, {"csrf": other.token()}):
        assert anna.send(path_of(page.path), fields).status_code == 403, fields
    token = anna.token()
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ):
        assert anna.send(path_of(page.path), {"csrf": token}, **headers).status_code == 403, headers
    assert anna.get("/office/account").status_code == 200, "the session continues"


def test_without_the_browsers_word_the_origin_decides(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "it")

    def send(**headers: str) -> int:
        token = anna.token()
        return anna.client.post(
            "/office/account/language", data={"csrf": token}, base_url="https://localhost", headers=headers
        ).status_code

    assert [send(Origin=origin) for origin in ("https://evil.example", "null", "http://localhost")] == [403] * 3
    assert [send(Origin="https://localhost"), send(Origin=installation.settings.public_url), send()] == [
        303
    ] * 3


def test_a_browser_cannot_be_signed_in_to_an_account_of_somebody_else(installation: Installation) -> None:
    employ(installation, "mallory", "it")
    victim, attacker = Person(installation, "mallory"), Person(installation, "mallory")
    token = attacker.token("/office/sign-in")
    given = {"name": "mallory", "password": "heron over cold water"}
    assert victim.send("/office/sign-in", {**given, "csrf": token}).status_code == 403
    victim.get("/office/sign-in")
    assert victim.send("/office/sign-in", {**given, "csrf": token}).status_code == 403


def test_a_token_is_masked_differently_on_each_page(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "it")
    tokens = {anna.token() for _ in range(5)}
    assert len(tokens) == 5
    for token in tokens:
        assert anna.send("/office/account/language", {"csrf": token}).status_code == 303


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"csrf=x" + b"&a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a=1" for _ in range(300)), "application/x-www-form-urlencoded", 422),
        (b"csrf=%ff", "application/x-www-form-urlencoded", 422),
        (b"csrf=%00", "application/x-www-form-urlencoded", 422),
        (b'{"csrf": "x"}', "application/json", 415),
        (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
    ],
    ids=["large", "many", "not utf-8", "nul", "json", "multipart"],
)
def test_a_form_is_bounded_and_of_one_type(
    installation: Installation, body: bytes, content_type: str, status: int
) -> None:
    anna = signed_in(installation, "anna", "it")
    reply = anna.client.post(
        "/office/account/language", data=body, content_type=content_type, base_url="https://localhost"
    )
    assert (reply.status_code, "<html" in reply.text) == (status, True)


def test_no_page_can_be_framed_sniffed_cached_or_run_a_script_of_its_own(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "order_desk", "it")
    nonces = set()
    for path in [path_of(page.path) for page in PAGES if page.method == "GET"] + ["/office/nowhere"]:
        reply = anna.get(path)
        policy = dict(rule.split(" ", 1) for rule in reply.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'", path
        assert (policy["form-action"], policy["style-src"]) == ("'self'", "'self'"), path
        assert "unsafe" not in reply.headers["Content-Security-Policy"]
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        scripts = re.findall(r"<script([^>]*)>(.*?)</script>", reply.text, re.DOTALL)
        for attributes, content in scripts:
            nonce = re.search(r'nonce="([^"]+)"', attributes)
            assert nonce and policy["script-src"] == f"'nonce-{nonce[1]}'" and content == "", path
            nonces.add(nonce[1])
        assert not re.search(r"\son\w+=|\sstyle=|javascript:", reply.text), path
    assert len(nonces) > 2, "each reply has a nonce of its own"


def test_a_token_needs_a_cookie(installation: Installation) -> None:
    with installation.app.test_request_context("/office/", base_url="https://localhost"):
        assert not csrf._is_valid(csrf.token())
