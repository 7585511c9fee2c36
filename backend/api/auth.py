"""The lock on every door: a good access token, and a device row that says the device may still speak.

The row is read before anything of the body is; a door may have more read in the same statement. A request
that brings a body is in no transaction while it takes its time to receive it, and reads the row again at
the start of its own, so that no transaction waits for a phone on a slow line.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import g, request
from sqlalchemy.orm import Session

from backend.api.problems import Problem
from backend.api.services import get_services
from backend.database.core import db, snapshot
from backend.database.snapshot_reads import read_connection
from backend.identity import principals
from backend.identity.principals import Principal
from backend.identity.tokens import Claims
from sync_protocol.errors import ErrorCode

Preload = Callable[[Claims], tuple[Principal, Any]]
"""Reads in one statement who speaks and whatever else a door needs; raises what `principals.judge` raises."""


def authenticate(preload: Preload | None = None) -> None:
    """Let the request in or raise `Problem`; a GET keeps the snapshot for its answer.

    What *look* reads beside who speaks, `seen()` gives; whether it leaves a snapshot is its own affair.
    """
    here = get_services()
    g.claims = here.token_cache.verify(bearer_token(), here.clock.now())
    if preload is not None:
        g.principal, g.seen = preload(g.claims)
    elif request.method in ("GET", "HEAD"):
        snapshot(db.session())
        g.principal = principals.read(db.session().connection(), g.claims)
    else:
        with read_connection(db.engine) as connection:
            g.principal = principals.read(connection, g.claims)


def principal() -> Principal:
    """Return who speaks; only behind the lock."""
    found: Principal = g.principal
    return found


def preloaded() -> Any:
    """Return what the door's look has read beside who speaks."""
    return g.seen


def reauthenticate(preload: Preload) -> None:
    """End the transaction, and read with *look* who speaks once more."""
    db.session().rollback()
    g.principal, g.seen = preload(g.claims)


@contextmanager
def read_session() -> Iterator[Session]:
    """Yield a session in a new snapshot, which ends with the block; the device row is read again in it."""
    session = db.session()
    snapshot(session)
    try:
        principals.read(session.connection(), g.claims)
        yield session
    finally:
        session.rollback()


@contextmanager
def write_session() -> Iterator[Session]:
    """Yield a session whose transaction is committed at the end, or rolled back on an error.

    The device row is read again first: it may have been revoked while the body arrived.
    """
    session = db.session()
    try:
        current = principals.read(session.connection(), g.claims)
        principals.note_seen(session, current, get_services().clock.now())
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def bearer_token() -> str:
    """Return the token that the request brings; raises a `token_missing` problem."""
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        raise Problem(ErrorCode.TOKEN_MISSING, "Send the header Authorization: Bearer <access token>.")
    return sent.token
