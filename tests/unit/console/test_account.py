"""A person's own account: password, second factor and language."""

import re

from backend.office import second_factor
from tests.unit.api.installation import Installation
from tests.unit.console.browser import PASSWORD, Person, signed_in

OTHER = "a kite above the harbour"


def problem(reply: object) -> str:
    match = re.search(r'role="alert">([^<]+)<', str(getattr(reply, "text", "")))
    return match[1] if match else ""


def test_the_password_is_changed_and_other_sessions_end(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "it")
    elsewhere = Person(installation)
    elsewhere.sign_in()
    path = "/office/account/password"
    assert "repeated" in problem(anna.post(path, current=PASSWORD, new=OTHER, again="x"))
    assert "present password" in problem(anna.post(path, current="x", new=OTHER, again=OTHER))
    assert "15 characters" in problem(anna.post(path, current=PASSWORD, new="kite", again="kite"))
    assert anna.post(path, current=PASSWORD, new=OTHER, again=OTHER).status_code == 303
    assert anna.get("/office/account").status_code == 200
    assert elsewhere.get("/office/account").status_code == 303


def test_a_guesser_at_an_open_browser_must_wait(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "it")
    replies = [
        anna.post("/office/account/password", current=str(n), new=OTHER, again=OTHER).status_code
        for n in range(12)
    ]
    assert replies[0] == 422 and replies[-1] == 429


def test_a_second_factor_is_set_up_used_and_removed(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "it")
    page = anna.get("/office/account").text
    [key] = re.findall(r'name="key" value="([A-Z2-7]{32})"', page)
    assert f"secret={key}" in page
    path = "/office/account/second-factor"
    wrong = anna.post(path, key=key, code="000000")
    assert "not the code" in problem(wrong) and key in wrong.text, "the key that the app has stays"
    for hostile in ("", "x", '"><script>', "A" * 31 + "1"):
        assert '"><script>' not in anna.post(path, key=hostile, code="000000").text
    installation.clock.advance(minutes=11)
    shown = anna.post(path, key=key, code=second_factor.current_code(key, installation.clock.now()))
    codes = re.findall(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){3}", shown.text)
    assert len(codes) == 10
    again = Person(installation)
    assert again.sign_in().status_code == 401
    assert again.sign_in(code=codes[0]).status_code == 303
    removed = again.post("/office/account/second-factor/removal", current=PASSWORD)
    assert removed.status_code == 303
    assert Person(installation).sign_in().status_code == 303


def test_the_language_is_the_persons_or_the_browsers(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "it")
    for accepted, language in (("zh-CN,zh;q=0.9", "zh-Hans"), ("de", "en"), ("en-GB", "en"), ("", "en")):
        page = anna.get("/office/", **{"Accept-Language": accepted}).text
        assert f'<html lang="{language}">' in page, accepted
    anna.post("/office/account/language", language="zh")
    assert "待您处理" in anna.get("/office/", **{"Accept-Language": "en"}).text
    anna.post("/office/account/language", language="xx")
    assert "Waits for you" in anna.get("/office/", **{"Accept-Language": "en"}).text
