"""Which passwords are refused, and that each is hashed as it was meant."""

import threading

import pytest

from backend.office import passwords
from backend.office.passwords import PasswordRefused

NAMES = ("Nordwind Handels GmbH", "anna schmidt", "satchel")


def refusal(password: str, *, second_factor: bool = False) -> str | None:
    try:
        passwords.check(password, has_second_factor=second_factor, words=NAMES)
    except PasswordRefused as refused:
        return str(refused)
    return None


@pytest.mark.parametrize(
    ("password", "alone", "beside"),
    [
        ("k7Qm-x2Lpw", "too_short", None),
        ("k7Qm-x2", "too_short", "with_factor_too_short"),
        ("k7Qm-x2Lpw-33f", "too_short", None),
        ("k7Qm-x2Lpw-33fz", None, None),
        ("correct horse battery staple", None, None),
        ("пароль на сегодня вечером", None, None),
        ("绿水青山就是金山银山，今天天气很好", None, None),
        ("🦊" * 3 + "🐢🐝🌵🪁🛶🧭🎻🍋🥝🌶️🪵🧊" + "kiwi", None, None),
        ("passwordpassword", "common", "common"),
        ("1234567890123456", "common", "common"),
        ("qwertyuiopasdfgh", "common", "common"),
        ("aaaaaaaaaaaaaaaaaaaa", "common", "common"),
        ("P@ssw0rd", "too_short", "common"),
        ("Nordwind Handels 2026", "of_names", "of_names"),
        ("Anna Schmidt SATCHEL 1", "of_names", "of_names"),
        ("x" * 257, "too_long", "too_long"),
        ("k7Qm-x2Lpw-33fz" * 17, None, None),
    ],
)
def test_length_and_list_decide_and_no_rule_about_characters(
    password: str, alone: str | None, beside: str | None
) -> None:
    assert refusal(password) == alone
    assert refusal(password, second_factor=True) == beside


def test_a_password_is_the_same_however_a_keyboard_composes_it() -> None:
    stored = passwords.hash_password("Ａngstro\u0308m Å 12345")
    assert passwords.verify(stored, "Angström A\u030a 12345")
    assert not passwords.verify(stored, "Angstrom A 12345")


def test_a_hash_is_argon2id_with_a_salt_of_its_own() -> None:
    first, second = (passwords.hash_password("k7Qm-x2Lpw-33fz") for _ in range(2))
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and first != second
    assert not passwords.needs_rehash(first)
    assert passwords.needs_rehash(first.replace("t=2", "t=1"))


@pytest.mark.parametrize("stored", [None, "", "no hash", "$argon2id$v=19$m=19456,t=2,p=1$x$y"])
def test_an_account_without_a_usable_hash_takes_no_password(stored: str | None) -> None:
    for password in ("", "the password of no account", "k7Qm", "\ud800", "x" * 100_000):
        assert not passwords.verify(stored, password)


def test_only_a_few_hashes_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_AT_ONCE", threading.BoundedSemaphore(1))
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)
    with passwords._Turn(), pytest.raises(passwords.TooBusy):
        passwords.verify(None, "x")
    assert not passwords.verify(None, "x")
