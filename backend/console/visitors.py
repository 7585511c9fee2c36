"""The person who makes a request to the console, by the session whose id the browser's cookie has."""

import datetime as dt
from dataclasses import dataclass

from flask import Response, g, request
from sqlalchemy.orm import Session

from backend.api.services import get_services
from backend.database.core import snapshot
from backend.database.web_session import db
from backend.office import accounts, sessions
from backend.office.access import OfficeUser

COOKIE = "__Host-satchel-office"
"""A browser takes a cookie of this prefix only from this host, over TLS, for all its paths (RFC 6265bis)."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in."""

    user: OfficeUser
    session_id: str
    language: str | None
    """The language that the person has chosen; None: the browser's."""
    has_initial_password: bool
    has_second_factor: bool


def current() -> Visitor | None:
    """Return who makes the request; None without an open session."""
    id = request.cookies.get(COOKIE)
    if not id:
        return None
    now = get_services().clock.now()
    with Session(db.engine) as session:
        snapshot(session)
        visitor, seen_at = _read(session, id, now)
    if visitor is not None and now - seen_at >= sessions.SEEN_EVERY:
        with Session(db.engine) as session, session.begin():
            sessions.note_seen(session, id, now)
    return visitor


def _read(session: Session, id: str, now: dt.datetime) -> tuple[Visitor | None, dt.datetime]:
    lasting = sessions.limits(get_services().settings)
    stored = sessions.find_session(session, id, lasting, now)
    if stored is None:
        return None, now
    account, seen_at = stored
    return (
        Visitor(
            accounts.user_of(session, account, now),
            id,
            account.language,
            account.password_expires_at is not None,
            account.totp_key is not None,
        ),
        seen_at,
    )


def visitor() -> Visitor:
    """Return who makes the request to a page that needs a session."""
    signed_in: Visitor = g.visitor
    return signed_in


def still(session: Session) -> OfficeUser:
    """Return the person as the account is now, for the transaction that writes.

    Until its commit the account cannot be revoked. Raises `SessionEnded`.
    """
    now = get_services().clock.now()
    lasting = sessions.limits(get_services().settings)
    stored = sessions.find_session(session, visitor().session_id, lasting, now, to_write=True)
    if stored is None:
        raise SessionEnded
    return accounts.user_of(session, stored[0], now)


class SessionEnded(Exception):
    """The session has ended since the request began."""


def set_cookie(response: Response, id: str) -> None:
    """Let the browser keep *id* until it is closed.

    Lax and not Strict: a link in a mail leads to the document, and a GET changes nothing. A form of another
    page gets no cookie either way, and `csrf` refuses it too.
    """
    response.set_cookie(COOKIE, id, secure=True, httponly=True, samesite="Lax", path="/")


def delete_cookie(response: Response) -> None:
    """Let the browser forget its cookie."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="Lax", path="/")
