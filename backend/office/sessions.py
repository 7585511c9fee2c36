"""Sessions of the console, in the database: a row is read for each request, so an end takes effect at once.

A session's id is 256 random bits, which only the browser has; its hash is stored. A new id is made at each
sign-in, so an id that somebody planted before is worth nothing (session fixation).
"""

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from backend.database.core import execute_counted
from backend.identity.models import OfficeAccount
from backend.office.models import OfficeSession
from backend.settings import Settings

SEEN_EVERY = dt.timedelta(minutes=1)
"""`seen_at` is written at most this often."""
KEPT = dt.timedelta(days=30)
"""How long after its last request a session's row is kept: it also says which networks an account knows."""
BROWSER_CHARACTERS = 200


@dataclass(frozen=True)
class SessionLimits:
    """How long a session lasts without a request, and at most."""

    idle: dt.timedelta
    absolute: dt.timedelta


def limits(settings: Settings) -> SessionLimits:
    """Return how long sessions last by *settings*."""
    return SessionLimits(
        dt.timedelta(minutes=settings.console_idle_minutes), dt.timedelta(hours=settings.console_hours)
    )


def begin_session(session: Session, account: str, *, network: str, browser: str, now: dt.datetime) -> str:
    """Store a session of *account* and return its id, 43 characters."""
    id = secrets.token_urlsafe(32)
    session.add(
        OfficeSession(
            id_hash=hash_of(id),
            account=account,
            began_at=now,
            seen_at=now,
            network=network,
            browser=browser[:BROWSER_CHARACTERS],
        )
    )
    session.flush()
    return id


def find_session(
    session: Session, id: str, lasting: SessionLimits, now: dt.datetime, *, to_write: bool = False
) -> tuple[OfficeAccount, dt.datetime] | None:
    """Return the account of the open session *id* and when it was last seen; None if it is not open.

    With *to_write* the account's row is shared until the commit: no revocation commits before that.
    """
    statement = select(OfficeAccount, OfficeSession.seen_at).where(
        OfficeAccount.name == OfficeSession.account,
        OfficeSession.id_hash == hash_of(id),
        OfficeSession.ended_at.is_(None),
        OfficeSession.seen_at > now - lasting.idle,
        OfficeSession.began_at > now - lasting.absolute,
        OfficeAccount.revoked_at.is_(None),
    )
    if to_write:
        statement = statement.with_for_update(read=True, of=OfficeAccount)
    row = session.execute(statement).one_or_none()
    return None if row is None else (row[0], row[1])


def note_seen(session: Session, id: str, now: dt.datetime) -> None:
    """Store that the session *id* was seen at *now*. Call it at most once in `SEEN_EVERY`."""
    session.execute(update(OfficeSession).where(OfficeSession.id_hash == hash_of(id)).values(seen_at=now))


def end_session(session: Session, id: str, now: dt.datetime) -> None:
    """End the session *id*."""
    _end(session, OfficeSession.id_hash == hash_of(id), now)


def end_sessions(session: Session, account: str, now: dt.datetime, *, except_id: str = "") -> int:
    """End all sessions of *account* but that with *except_id*; return how many were open."""
    others = (OfficeSession.account == account) & (OfficeSession.id_hash != hash_of(except_id))
    return _end(session, others, now)


def _end(session: Session, which: ColumnElement[bool], now: dt.datetime) -> int:
    ended = update(OfficeSession).where(which, OfficeSession.ended_at.is_(None)).values(ended_at=now)
    return execute_counted(session, ended)


def open_sessions(session: Session, lasting: SessionLimits, now: dt.datetime) -> list[OfficeSession]:
    """Return the sessions that are open at *now*, by account and beginning."""
    return list(
        session.scalars(
            select(OfficeSession)
            .where(
                OfficeSession.ended_at.is_(None),
                OfficeSession.seen_at > now - lasting.idle,
                OfficeSession.began_at > now - lasting.absolute,
            )
            .order_by(OfficeSession.account, OfficeSession.began_at)
        )
    )


def is_known_network(session: Session, account: str, network: str) -> bool:
    """Say whether *account* has signed in from *network* and was seen there in the last 30 days (`KEPT`)."""
    known = select(OfficeSession.id_hash).where(
        OfficeSession.account == account, OfficeSession.network == network
    )
    return session.scalar(known.limit(1)) is not None


def purge(session: Session, now: dt.datetime) -> None:
    """Delete the sessions whose last request was before `KEPT`."""
    session.execute(delete(OfficeSession).where(OfficeSession.seen_at < now - KEPT))


def hash_of(id: str) -> str:
    """Return the hash under which the session *id* is stored."""
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()
