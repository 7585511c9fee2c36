"""Office accounts: the people of the office, and its programs, with their roles, territory and deputies.

A person signs in to the console with a password (`sign_in`), a program sends a token to the API; an account can
have both. Only hashes are stored. A token is 256 random bits, so a plain SHA-256 reveals nothing of it and
needs no salt.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from backend.identity import audit, names
from backend.identity.models import OfficeAccount
from backend.office import second_factor
from backend.office.access import Grant, OfficeUser
from backend.office.models import OfficeDeputy, OfficeRole
from backend.office.roles import Role
from backend.office.sessions import end_sessions
from sync_protocol.channel import is_channel

PREFIX = "so1."
"""Before each token, so that people and scanners recognise one."""
USED_EVERY = dt.timedelta(minutes=5)
"""`last_used_at` is written at most this often."""


class OfficeTokenInvalid(Exception):
    """No account has the token, or the account is revoked."""


class AccountMissing(LookupError):
    """There is no active account of that name; the message is a sentence without its full stop."""


def add(
    session: Session,
    name: str,
    roles: Iterable[str],
    *,
    territory: str | None = None,
    by: str,
    now: dt.datetime,
) -> OfficeAccount:
    """Create the account *name*, or change its roles and territory.

    One that is revoked is active again, without the secrets and deputies that it had.

    Raises `names.NameRefused` for a name that no account can have, and ValueError for a role that does not
    exist, for none, and for a territory that no channel can have.
    """
    names.account_name(name)
    granted = sorted({_role(role) for role in roles})
    if not granted:
        raise ValueError("an account needs at least one role")
    if territory is not None and not is_channel(f"territory:{territory}"):
        raise ValueError(f"{territory!a} cannot be a territory")
    account = session.get(OfficeAccount, name) or OfficeAccount(name=name, created_at=now)
    if account.revoked_at is not None:
        _forget_secrets(session, account)
    account.territory, account.revoked_at = territory, None
    session.add(account)
    session.flush()
    session.execute(delete(OfficeRole).where(OfficeRole.account == name))
    session.add_all(OfficeRole(account=name, role=role) for role in granted)
    detail = {"roles": granted, "territory": territory}
    audit.record(session, actor=by, action="office.add", subject=name, now=now, detail=detail)
    return account


def _forget_secrets(session: Session, account: OfficeAccount) -> None:
    """Delete what opened the revoked *account*: whoever has that need not be who gets the account now."""
    account.token_hash = account.password_hash = account.password_expires_at = None
    second_factor.remove(session, account)
    session.execute(
        delete(OfficeDeputy).where(
            or_(OfficeDeputy.account == account.name, OfficeDeputy.deputy == account.name)
        )
    )


def _role(name: str) -> str:
    if name not in set(Role):
        raise ValueError(f"there is no role {name!r}; the roles are {', '.join(Role)}")
    return str(name)


def issue_token(session: Session, name: str, *, by: str, now: dt.datetime) -> str:
    """Return a new token for the account *name*; its former token stops working. Raises `AccountMissing`."""
    token = PREFIX + secrets.token_urlsafe(32)
    store_token(session, name, token, by=by, now=now)
    return token


def store_token(session: Session, name: str, token: str, *, by: str, now: dt.datetime) -> None:
    """Store *token* as that of the account *name*. Raises `AccountMissing`."""
    get_active(session, name).token_hash = _hash(token)
    audit.record(session, actor=by, action="office.token", subject=name, now=now)


def get_active(session: Session, name: str, *, lock: bool = False) -> OfficeAccount:
    """Return the account *name*; *lock* locks its row until the commit. Raises `AccountMissing`."""
    statement = select(OfficeAccount).where(OfficeAccount.name == name, OfficeAccount.revoked_at.is_(None))
    account = None
    if names.is_storable(name):
        account = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if account is None:
        raise AccountMissing(f"there is no active account {name}; `satchel office list` lists them")
    return account


def revoke(session: Session, name: str, *, by: str, now: dt.datetime) -> bool:
    """Revoke the account *name* and end its sessions; return False if there is no such active account."""
    account = session.get(OfficeAccount, name)
    if account is None or account.revoked_at is not None:
        return False
    account.revoked_at = now
    end_sessions(session, name, now)
    audit.record(session, actor=by, action="office.revoke", subject=name, now=now)
    return True


def set_deputy(
    session: Session,
    name: str,
    deputy: str,
    *,
    since: dt.datetime,
    until: dt.datetime,
    by: str,
    now: dt.datetime,
) -> None:
    """Let *deputy* have the roles of *name* too, from *since* until *until*; it replaces an earlier period.

    Raises `AccountMissing`, and ValueError for a period that ends before it begins and for a person of their
    own.
    """
    if until <= since:
        raise ValueError("the period ends before it begins")
    if name == deputy:
        raise ValueError("nobody is a deputy of their own")
    for account in (name, deputy):
        get_active(session, account)
    session.merge(OfficeDeputy(account=name, deputy=deputy, since=since, until=until))
    detail = {"deputy": deputy, "since": since.isoformat(), "until": until.isoformat()}
    audit.record(session, actor=by, action="office.deputy", subject=name, now=now, detail=detail)


def user_of(session: Session, account: OfficeAccount, now: dt.datetime) -> OfficeUser:
    """Return what *account* may do at *now*: by its own roles, and by those that it has as a deputy.

    The roles that a person has as a deputy do not pass to the deputies of that person. A person who left has
    no deputy.
    """
    deputised = select(OfficeDeputy.account).where(
        OfficeDeputy.deputy == account.name, OfficeDeputy.since <= now, OfficeDeputy.until > now
    )
    rows = session.execute(
        select(OfficeRole.account, OfficeRole.role, OfficeAccount.territory)
        .join(OfficeAccount, OfficeAccount.name == OfficeRole.account)
        .where(
            or_(OfficeRole.account == account.name, OfficeRole.account.in_(deputised)),
            OfficeAccount.revoked_at.is_(None),
        )
        .order_by(OfficeRole.account, OfficeRole.role)
    )
    return OfficeUser(
        account.name,
        tuple(
            Grant(Role(role), territory, None if owner == account.name else owner)
            for owner, role, territory in rows
            if role in set(Role)
        ),
    )


def user_named(session: Session, name: str, now: dt.datetime) -> OfficeUser | None:
    """Return what the account *name* may do; None if there is none: an operator at the command line."""
    try:
        return user_of(session, get_active(session, name), now)
    except AccountMissing:
        return None


def authenticate(session: Session, token: str, now: dt.datetime) -> OfficeUser:
    """Return the user whose account *token* belongs to now; raises `OfficeTokenInvalid`."""
    account = _valid(session, select(OfficeAccount), token)
    if account.last_used_at is None or now - account.last_used_at >= USED_EVERY:
        account.last_used_at = now
    return user_of(session, account, now)


def read_to_write(session: Session, token: str, now: dt.datetime) -> OfficeUser:
    """Do as `authenticate`, for a transaction that writes: no revocation commits before it ends."""
    account = _valid(session, select(OfficeAccount).with_for_update(read=True), token)
    return user_of(session, account, now)


def _valid(session: Session, accounts: Select[OfficeAccount], token: str) -> OfficeAccount:
    account = session.scalars(accounts.where(OfficeAccount.token_hash == _hash(token))).one_or_none()
    if account is None or account.revoked_at is not None:
        raise OfficeTokenInvalid
    return account


def accounts(session: Session) -> list[tuple[OfficeAccount, list[str]]]:
    """Return all accounts by name, each with its roles."""
    roles: dict[str, list[str]] = {}
    for account, role in session.execute(select(OfficeRole.account, OfficeRole.role).order_by(OfficeRole.role)):
        roles.setdefault(account, []).append(role)
    by_name = session.scalars(select(OfficeAccount).order_by(OfficeAccount.name))
    return [(account, roles.get(account.name, [])) for account in by_name]


def ways_of(account: OfficeAccount) -> str:
    """Return in words how *account* can be used: for the list of accounts."""
    ways = (
        (account.password_hash, "password"),
        (account.password_expires_at, "an initial one"),
        (account.totp_key, "second factor"),
        (account.token_hash, "token"),
    )
    return ", ".join(words for value, words in ways if value is not None)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
