"""Office accounts: who may use the API of the office, and in which role.

An account has one token at a time, and only its hash is stored. A token is 256 random bits, so a plain SHA-256
reveals nothing of it and needs no salt.
"""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from backend.identity import audit, names
from backend.identity.models import OfficeAccount

PREFIX = "so1."
"""Before each token, so that people and scanners recognise one."""
USED_EVERY = dt.timedelta(minutes=5)
"""`last_used_at` is written at most this often."""


class Permission(StrEnum):
    """What a role may do with parked documents. Each office action names the one that it needs."""

    VIEW = "view"
    RESERVE = "reserve"
    RETRY = "retry"
    DECIDE = "decide"
    """Decide what becomes of a document."""
    ORIGINALS = "originals"
    """See a receipt as the phone sent it, with its metadata."""


PERMISSIONS: dict[str, frozenset[Permission]] = {
    "office": frozenset(Permission) - {Permission.ORIGINALS},
    "finance": frozenset(Permission),
    "it": frozenset({Permission.VIEW, Permission.RESERVE, Permission.RETRY}),
}
"""The permissions of each role."""


class OfficeTokenInvalid(Exception):
    """No account has the token, or the account is revoked."""


@dataclass(frozen=True)
class OfficeUser:
    """The account that makes a request."""

    name: str
    role: str
    permissions: frozenset[Permission]


def issue(session: Session, name: str, role: str, *, by: str, now: dt.datetime) -> str:
    """Create or change the account *name*, and return its new token; its former token stops working."""
    token = PREFIX + secrets.token_urlsafe(32)
    store_token(session, name, role, token, by=by, now=now)
    return token


def store_token(session: Session, name: str, role: str, token: str, *, by: str, now: dt.datetime) -> None:
    """Store *token* as that of the account *name*.

    Raises `names.NameRefused` for a name that no account can have, and ValueError if *role* does not exist.
    """
    names.account_name(name)
    if role not in PERMISSIONS:
        raise ValueError(f"there is no role {role!r}; the roles are {', '.join(PERMISSIONS)}")
    account = session.get(OfficeAccount, name) or OfficeAccount(name=name, created_at=now)
    account.role, account.token_hash, account.revoked_at = role, _hash(token), None
    session.add(account)
    audit.record(session, actor=by, action="office.add", subject=name, now=now, detail={"role": role})


def revoke(session: Session, name: str, *, by: str, now: dt.datetime) -> bool:
    """Revoke the account *name*; return False if it does not exist or is revoked already."""
    account = session.get(OfficeAccount, name)
    if account is None or account.revoked_at is not None:
        return False
    account.revoked_at = now
    audit.record(session, actor=by, action="office.revoke", subject=name, now=now)
    return True


def authenticate(session: Session, token: str, now: dt.datetime) -> OfficeUser:
    """Return the account that *token* belongs to now; raises `OfficeTokenInvalid`."""
    account = _valid(session, select(OfficeAccount), token)
    if account.last_used_at is None or now - account.last_used_at >= USED_EVERY:
        account.last_used_at = now
    return OfficeUser(account.name, account.role, PERMISSIONS.get(account.role, frozenset()))


def read_to_write(session: Session, token: str) -> OfficeUser:
    """Do as `authenticate`, for a transaction that writes: no revocation commits before it ends."""
    account = _valid(session, select(OfficeAccount).with_for_update(read=True), token)
    return OfficeUser(account.name, account.role, PERMISSIONS.get(account.role, frozenset()))


def _valid(session: Session, accounts: Select[OfficeAccount], token: str) -> OfficeAccount:
    account = session.scalars(accounts.where(OfficeAccount.token_hash == _hash(token))).one_or_none()
    if account is None or account.revoked_at is not None:
        raise OfficeTokenInvalid
    return account


def accounts(session: Session) -> list[OfficeAccount]:
    """Return all accounts by name."""
    return list(session.scalars(select(OfficeAccount).order_by(OfficeAccount.name)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
