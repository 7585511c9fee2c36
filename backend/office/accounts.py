"""Office accounts: who of the back office may speak to the API, and with what role.

An account has one token at a time; only its hash is kept. A token is 256 random bits, so a plain SHA-256 tells
nothing of it and needs no salt.
"""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.identity import audit
from backend.identity.models import OfficeAccount

PREFIX = "so1."
USED_EVERY = dt.timedelta(minutes=5)

VIEW = frozenset({"view", "claim", "release"})
SETTLE = frozenset({"retry", "fix", "link", "cancel", "return", "done"})
PERMISSIONS: dict[str, frozenset[str]] = {
    "office": VIEW | SETTLE,
    "finance": VIEW | SETTLE,
    "it": VIEW | {"retry"},
}
"""What each role may do with parked documents."""


class OfficeTokenInvalid(Exception):
    """The token is nobody's, or its account is revoked."""


@dataclass(frozen=True)
class OfficeUser:
    """Who of the office speaks."""

    name: str
    role: str

    def may(self, what: str) -> bool:
        """Whether the role allows *what*: view, or the name of a deed."""
        return what in PERMISSIONS.get(self.role, frozenset())


def issue(session: Session, name: str, role: str, *, by: str, now: dt.datetime) -> str:
    """Return a new token for the account *name*, which is made or changed; the one before is good no longer."""
    token = PREFIX + secrets.token_urlsafe(32)
    store_token(session, name, role, token, by=by, now=now)
    return token


def store_token(session: Session, name: str, role: str, token: str, *, by: str, now: dt.datetime) -> None:
    """Let *token* be that of the account *name*; raises ValueError for a role that there is not."""
    if role not in PERMISSIONS:
        raise ValueError(f"there is no role {role!r}; there are {', '.join(PERMISSIONS)}")
    account = session.get(OfficeAccount, name) or OfficeAccount(name=name, created_at=now)
    account.role, account.token_hash, account.revoked_at = role, _hash(token), None
    session.add(account)
    audit.record(session, actor=by, action="office.add", subject=name, now=now, detail={"role": role})


def revoke(session: Session, name: str, *, by: str, now: dt.datetime) -> bool:
    """Revoke the account *name*; return False if there is none or it is revoked already."""
    account = session.get(OfficeAccount, name)
    if account is None or account.revoked_at is not None:
        return False
    account.revoked_at = now
    audit.record(session, actor=by, action="office.revoke", subject=name, now=now)
    return True


def authenticate(session: Session, token: str, now: dt.datetime) -> OfficeUser:
    """Return whose *token* it is, as the database has it now; raises `OfficeTokenInvalid`."""
    account = session.scalars(
        select(OfficeAccount).where(OfficeAccount.token_hash == _hash(token))
    ).one_or_none()
    if account is None or account.revoked_at is not None:
        raise OfficeTokenInvalid
    if account.last_used_at is None or now - account.last_used_at >= USED_EVERY:
        account.last_used_at = now
    return OfficeUser(account.name, account.role)


def accounts(session: Session) -> list[OfficeAccount]:
    """Return all accounts by name."""
    return list(session.scalars(select(OfficeAccount).order_by(OfficeAccount.name)))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
