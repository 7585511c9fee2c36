"""Signing in to the console and out of it: the cookie, the new id, limits, and what the audit trail says."""

from urllib.parse import quote

import pytest

from backend.identity import audit
from backend.office import accounts, sign_in
from tests.unit.api.installation import Installation
from tests.unit.console.browser import PASSWORD, Person, employ, signed_in


def entries(installation: Installation, action: str) -> list[tuple[str, str]]:
    with installation.sessions() as session:
        return [(entry.actor, entry.subject) for entry in audit.entries(session, action=action)]


def test_a_person_signs_in_sees_the_page_that_they_asked_for_and_signs_out(installation: Installation) -> None:
    anna = employ(installation, "anna", "order_desk")
    redirect = anna.get("/office/account")
    assert (redirect.status_code, redirect.location) == (303, "/office/sign-in?next=%2Foffice%2Faccount")
    done = anna.sign_in(next="/office/account")
    assert (done.status_code, done.location) == (303, "/office/account")
    assert "anna" in anna.get("/office/account").text
    stolen = anna.cookie().value
    assert anna.post("/office/sign-out").location == "/office/sign-in"
    assert anna.cookie() is None
    anna.client.set_cookie("__Host-satchel-office", stolen, domain="localhost")
    assert anna.get("/office/account").status_code == 303
    assert entries(installation, "office.sign_in") == entries(installation, "office.sign_out")


def test_the_cookie_is_bound_to_the_host_and_hidden_from_scripts(installation: Installation) -> None:
    header = employ(installation, "anna", "it").sign_in().headers["Set-Cookie"]
    assert header.startswith("__Host-satchel-office=") and "Domain" not in header and "Max-Age" not in header
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in header.split(";")}


def test_a_sign_in_makes_a_new_id_so_that_a_planted_one_is_worth_nothing(installation: Installation) -> None:
    anna = employ(installation, "anna", "it")
    anna.client.set_cookie("__Host-satchel-office", "planted", domain="localhost", secure=True)
    assert anna.sign_in().status_code == 303
    assert anna.cookie().value != "planted"
    attacker = Person(installation)
    attacker.client.set_cookie("__Host-satchel-office", "planted", domain="localhost")
    assert attacker.get("/office/account").status_code == 303


def test_unknown_wrong_and_revoked_get_one_reply(installation: Installation) -> None:
    employ(installation, "bert", "it")
    installation.change(lambda s: accounts.revoke(s, "bert", by="user:x", now=installation.clock.now()))
    anna = employ(installation, "anna", "it")
    replies = set()
    for name, password in (("anna", "wrong"), ("nobody", PASSWORD), ("bert", PASSWORD), ("", "")):
        anna.name = name
        reply = anna.sign_in(password)
        assert reply.status_code == 401 and anna.get("/office/account").status_code == 303
        page = reply.text.replace(f'value="{name}"', "")
        replies.add(page[page.index("<main") : page.index("csrf")])
    assert len(replies) == 1
    [(actor, subject)] = entries(installation, "office.sign_in_refused")
    assert (actor, subject) == ("address:127.0.0.1", "anna")


def test_a_name_that_is_no_account_is_not_stored(installation: Installation) -> None:
    anna = employ(installation, "anna", "it")
    anna.name = PASSWORD
    anna.sign_in("anna")
    assert entries(installation, "office.sign_in_refused") == [("address:127.0.0.1", "unknown account")]


def test_guessing_is_slowed_by_account_and_network(installation: Installation) -> None:
    anna = employ(installation, "anna", "it")
    codes = [anna.sign_in("wrong").status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    # Above the limit no password is verified, not even the right one.
    refused = anna.sign_in()
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    installation.clock.advance(minutes=11)
    assert anna.sign_in().status_code == 303


def test_a_guesser_elsewhere_does_not_lock_out_the_desk(installation: Installation) -> None:
    desk = signed_in(installation, "anna", "it")
    for n in range(40):
        away = Person(installation)
        away.client.environ_base["REMOTE_ADDR"] = f"198.51.100.{n}"
        last = away.sign_in("wrong")
    assert last.status_code == 429
    desk.post("/office/sign-out")
    installation.clock.advance(minutes=11)
    assert desk.sign_in().status_code == 303


@pytest.mark.parametrize(
    "next_page",
    [
        "https://evil.example/office/",
        "//evil.example",
        "/\\evil.example",
        "/office/../..//evil.example/",
        "/officeevil",
        "/office@evil.example",
        "/office/\nLocation: x",
        "/v1/pull",
        "javascript:alert(1)",
        "",
    ],
)
def test_no_redirect_leads_elsewhere(installation: Installation, next_page: str) -> None:
    anna = employ(installation, "anna", "it")
    assert anna.sign_in(next=next_page).location == "/office/"
    assert anna.get(f"/office/sign-in?next={quote(next_page)}").location == "/office/"


def test_an_initial_password_leads_to_the_choice_of_another_one(installation: Installation) -> None:
    anna = employ(installation, "anna", "it")
    now = installation.clock.now()
    initial = installation.change(lambda s: sign_in.issue_password(s, "anna", by="user:x", now=now))
    anna.sign_in(initial)
    assert anna.get("/office/").location == "/office/account"
    assert "initial password" in anna.get("/office/account").text
    chosen = anna.post("/office/account/password", current=initial, new=PASSWORD, again=PASSWORD)
    assert chosen.location == "/office/"
    assert anna.get("/office/").status_code == 200


def test_a_session_ends_at_once_when_the_account_is_revoked(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "it")
    assert anna.get("/office/").status_code == 200
    installation.change(lambda s: accounts.revoke(s, "anna", by="user:x", now=installation.clock.now()))
    assert anna.get("/office/").status_code == 303
    part = anna.get("/office/", htmx=True)
    assert (part.status_code, part.headers["HX-Redirect"]) == (204, "/office/sign-in")


def test_a_session_ends_when_nobody_uses_it(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "it")
    for _ in range(3):
        installation.clock.advance(minutes=40)
        assert anna.get("/office/").status_code == 200
    installation.clock.advance(minutes=61)
    assert anna.get("/office/").status_code == 303
