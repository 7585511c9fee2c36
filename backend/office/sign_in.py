"""Sign in to the console with a password and, if the account has one, a second factor; choose a password."""

import datetime as dt
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.identity import audit, names
from backend.identity.models import OfficeAccount
from backend.office import accounts, passwords, second_factor
from backend.office.sessions import begin_session, end_session, end_sessions

INITIAL_DAYS = 7
"""Days in which somebody must sign in with an initial password, and choose one of their own."""
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 5, 5


class SignInRefused(Exception):
    """Name, password and code do not belong together, or the account cannot sign in. Nobody learns which."""


@dataclass(frozen=True)
class Credentials:
    """What a person types to sign in, and from where. The code is empty if there is none."""

    name: str
    password: str
    code: str
    network: str
    browser: str


def sign_in(sessions: Sessions, folder: Path, given: Credentials, now: dt.datetime) -> str:
    """Begin a session and return its id; raises `SignInRefused` and `passwords.TooBusy`.

    The password is verified outside of any transaction, because that takes a while.
    """
    with sessions() as session:
        stored = _stored_hash(session, given.name, now)
    if not passwords.verify(stored, given.password):
        raise SignInRefused
    with sessions() as session, session.begin():
        try:
            account = accounts.get_active(session, given.name, lock=True)
        except accounts.AccountMissing:
            raise SignInRefused from None
        if account.password_hash is None or account.password_hash != stored:
            # It was changed in the meantime.
            raise SignInRefused
        if account.totp_key is not None and not second_factor.use(session, folder, account, given.code, now):
            raise SignInRefused
        if passwords.needs_rehash(account.password_hash):
            account.password_hash = passwords.hash_password(given.password)
        account.last_used_at = now
        id = begin_session(session, account.name, network=given.network, browser=given.browser, now=now)
        _audit(
            session, account.name, "sign_in", now,
            {"network": given.network, "second_factor": account.totp_key is not None},
        )  # fmt: skip
        return id


def _stored_hash(session: Session, name: str, now: dt.datetime) -> str | None:
    """Return the hash of the password with which *name* can sign in; None if there is none."""
    if not names.is_storable(name):
        return None
    account = session.get(OfficeAccount, name)
    if account is None or account.revoked_at is not None:
        return None
    has_ended = account.password_expires_at is not None and account.password_expires_at <= now
    return None if has_ended else account.password_hash


def issue_password(
    session: Session, name: str, *, by: str, now: dt.datetime, without_second_factor: bool = False
) -> str:
    """Return a new initial password of the account *name*, valid for `INITIAL_DAYS`; its sessions end.

    *without_second_factor* removes that too, for somebody who has lost it. Raises `accounts.AccountMissing`.
    """
    account = accounts.get_active(session, name, lock=True)
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    password = "-".join(groups)
    if without_second_factor:
        second_factor.remove(session, account)
    account.password_hash = passwords.hash_password(password)
    account.password_expires_at = now + dt.timedelta(days=INITIAL_DAYS)
    end_sessions(session, name, now)
    detail = {"initial": True, "without_second_factor": without_second_factor}
    audit.record(session, actor=by, action="office.password", subject=name, now=now, detail=detail)
    return password


def choose_password(
    session: Session,
    name: str,
    *,
    current: str,
    chosen: str,
    company: str,
    session_id: str,
    now: dt.datetime,
) -> None:
    """Replace the password *current* of the account *name* by *chosen*; its other sessions end.

    Raises `SignInRefused` if *current* is wrong, `passwords.PasswordRefused` and `passwords.TooBusy`.
    """
    account = accounts.get_active(session, name)
    if not passwords.verify(account.password_hash, current):
        raise SignInRefused
    if current == chosen:
        raise passwords.PasswordRefused("same")
    has_second_factor = account.totp_key is not None
    passwords.check(chosen, has_second_factor=has_second_factor, words=_words(company, name))
    account.password_hash, account.password_expires_at = passwords.hash_password(chosen), None
    end_sessions(session, name, now, except_id=session_id)
    _audit(session, name, "password", now)


def set_up_second_factor(
    session: Session, folder: Path, name: str, *, key: str, code: str, now: dt.datetime
) -> list[str]:
    """Make *key* the second factor of the account *name*, and return its recovery codes.

    Raises `SignInRefused` unless *code* is one of *key* now: the authenticator app must have taken the key.
    """
    if not second_factor.is_code_of(key, code, now):
        raise SignInRefused
    codes = second_factor.set_up(session, folder, accounts.get_active(session, name, lock=True), key)
    _audit(session, name, "second_factor", now, {"set_up": True})
    return codes


def remove_second_factor(session: Session, name: str, *, current: str, company: str, now: dt.datetime) -> None:
    """Remove the second factor of the account *name*.

    Raises `SignInRefused` if *current* is not its password, and `passwords.PasswordRefused` if that may not be
    the only factor.
    """
    account = accounts.get_active(session, name, lock=True)
    if not passwords.verify(account.password_hash, current):
        raise SignInRefused
    passwords.check(current, has_second_factor=False, words=_words(company, name))
    second_factor.remove(session, account)
    _audit(session, name, "second_factor", now, {"set_up": False})


def sign_out(session: Session, name: str, session_id: str, now: dt.datetime) -> None:
    """End the session of the account *name*."""
    end_session(session, session_id, now)
    _audit(session, name, "sign_out", now)


def sign_out_everywhere(session: Session, name: str, *, by: str, now: dt.datetime) -> int:
    """End all sessions of the account *name*; return how many there were. Raises `accounts.AccountMissing`."""
    accounts.get_active(session, name)
    count = end_sessions(session, name, now)
    audit.record(session, actor=by, action="office.sign_out", subject=name, now=now, detail={"sessions": count})
    return count


def _words(company: str, name: str) -> tuple[str, ...]:
    return (company, name, "satchel", "office", "password")


def _audit(
    session: Session, name: str, action: str, now: dt.datetime, detail: dict[str, Any] | None = None
) -> None:
    audit.record(session, actor=f"user:{name}", action=f"office.{action}", subject=name, now=now, detail=detail)
