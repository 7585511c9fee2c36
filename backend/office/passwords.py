"""Passwords of the office: which are refused, and how they are hashed, by NIST SP 800-63B-4, section 3.1.1.2.

A password has a minimum length and is not on the list of common ones; there are no rules about its characters,
and it does not expire. The list is that of zxcvbn, which also knows repeated words, sequences, rows of keys and
usual replacements of letters: it estimates how many guesses somebody needs who tries those first.
"""

import threading
import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

ALONE, WITH_SECOND_FACTOR = 15, 8
"""Minimum characters of a password that is the only factor, and of one beside a second factor."""
MAX_CHARACTERS = 256
ESTIMATED_CHARACTERS = 72
"""Of a longer password only the beginning is estimated: the time grows with the square of the length."""
MIN_GUESSES = 10**8
"""A password that needs fewer guesses counts as common. A usual word with usual replacements needs 10**6."""
OWN_CHARACTERS = 8
"""Characters that must be left without the words of the company and the person."""

# OWASP's parameters for argon2id: 19 MiB, two passes. 100 ms on a slow processor.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_AT_ONCE = threading.BoundedSemaphore(2)
"""Hashes that one process computes at once: sign-ins must take neither its memory nor all its threads."""
WAIT_SECONDS = 3.0


class PasswordRefused(ValueError):
    """The password cannot be used; the message names the text of the console that says why."""


class TooBusy(RuntimeError):
    """Too many passwords are being checked; try again in a moment."""


def check(password: str, *, has_second_factor: bool, words: Iterable[str]) -> None:
    """Raise `PasswordRefused` unless *password* can be used.

    *words* are names that an attacker tries first: those of the company and of the person, as texts.
    """
    text = normalized(password)
    if len(text) < (WITH_SECOND_FACTOR if has_second_factor else ALONE):
        raise PasswordRefused("with_factor_too_short" if has_second_factor else "too_short")
    if len(text) > MAX_CHARACTERS:
        raise PasswordRefused("too_long")
    own = sorted({word for name in words for word in normalized(name).casefold().split() if len(word) > 2})
    rest = _without(text.casefold(), own)
    if rest != text.casefold() and sum(not character.isspace() for character in rest) < OWN_CHARACTERS:
        raise PasswordRefused("of_names")
    if _guesses(text, own) < MIN_GUESSES:
        raise PasswordRefused("common")


def _without(text: str, words: Iterable[str]) -> str:
    """Return *text* without *words*."""
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, " ")
    return text


def _guesses(text: str, words: list[str]) -> int:
    # Imported here: its lists take 5 MB and a tenth of a second, and a password is chosen rarely.
    from zxcvbn import zxcvbn

    return int(zxcvbn(text[:ESTIMATED_CHARACTERS], words)["guesses"])


def normalized(password: str) -> str:
    """Return *password* as it is counted and hashed: NFKC, as keyboards compose characters differently.

    A half of a surrogate pair, which no keyboard writes and no encoding has, becomes a question mark.
    """
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


def hash_password(password: str) -> str:
    """Return the argon2id hash of *password*, with its salt and parameters. Raises `TooBusy`."""
    with _Turn():
        return _HASHER.hash(normalized(password))


def verify(stored: str | None, password: str) -> bool:
    """Say whether *password* is that of the hash *stored*. Raises `TooBusy`.

    It takes the same time if *stored* is None, so that nobody learns which accounts exist.
    """
    with _Turn():
        try:
            matches = _HASHER.verify(stored or _of_nobody(), normalized(password)[: MAX_CHARACTERS + 1])
        except (VerificationError, InvalidHashError):
            return False
    return matches and bool(stored)


def needs_rehash(stored: str) -> bool:
    """Say whether the hash *stored* has other parameters than a new one has."""
    return _HASHER.check_needs_rehash(stored)


class _Turn:
    """Waits for one of the `_AT_ONCE` hashes; raises `TooBusy` after `WAIT_SECONDS`."""

    def __enter__(self) -> None:
        if not _AT_ONCE.acquire(timeout=WAIT_SECONDS):
            raise TooBusy

    def __exit__(self, *error: object) -> None:
        _AT_ONCE.release()


@cache
def _of_nobody() -> str:
    return _HASHER.hash("the password of no account")
