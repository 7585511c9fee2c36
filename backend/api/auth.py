"""Authentication of devices: a valid access token, and a device row that is not revoked.

The row is read before the body. An endpoint may have more read in the same statement (`Preload`). While the
body of a request arrives, no transaction is open: on a slow line this may take minutes. The row is read again
when the request's own transaction starts, because the device may have been revoked in the meantime.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import g, request
from sqlalchemy.orm import Session

from backend.api import rate_guard
from backend.api.problems import Problem
from backend.api.services import get_services
from backend.database.core import snapshot
from backend.database.snapshot_reads import read_connection
from backend.database.web_session import db
from backend.identity import principals
from backend.identity.principals import Credential, Principal
from backend.identity.tokens import AccessToken
from sync_protocol.errors import ErrorCode

Preload = Callable[[Credential], tuple[Principal, Any]]
"""Reads the principal of a token or link, and more that the endpoint needs, in one statement.

Raises what `principals.check` raises.
"""


def authenticate(preload: Preload | None = None, *, pushes: bool = False) -> None:
    """Accept the request or raise an error that becomes a problem.

    A GET or HEAD without *preload* keeps the snapshot that this starts, and the view reads in it. With
    *preload*, `preloaded()` returns what it has read, and it decides whether a snapshot stays open. The request
    counts against the limits of its device and rep; *pushes* says that it sends documents or receipts.
    """
    services = get_services()
    now = services.clock.now()
    g.token = services.token_cache.verify(bearer_token(), now)
    rate_guard.count_device(g.token, now, pushes=pushes)
    if preload is not None:
        g.principal, g.preloaded = preload(g.token)
    elif request.method in ("GET", "HEAD"):
        snapshot(db.session())
        g.principal = principals.read(db.session().connection(), g.token)
    else:
        with read_connection(db.engine) as connection:
            g.principal = principals.read(connection, g.token)


def token() -> AccessToken:
    """Return the access token of the request; only after `authenticate`."""
    verified: AccessToken = g.token
    return verified


def principal() -> Principal:
    """Return the device that sends the request, and its rep; only after `authenticate`."""
    authenticated: Principal = g.principal
    return authenticated


def preloaded() -> Any:
    """Return what the endpoint has had read beside the principal."""
    return g.preloaded


def reauthenticate(preload: Preload) -> None:
    """End the transaction, and read the principal again with *preload*."""
    db.session().rollback()
    g.principal, g.preloaded = preload(g.token)


@contextmanager
def read_session() -> Iterator[Session]:
    """Yield a session in a new snapshot, which ends with the block. The device row is read again in it."""
    session = db.session()
    snapshot(session)
    try:
        principals.read(session.connection(), g.token)
        yield session
    finally:
        session.rollback()


@contextmanager
def write_session() -> Iterator[Session]:
    """Yield a session whose transaction is committed at the end, or rolled back on an error.

    The device row is read again first: the device may have been revoked while the body arrived. It is locked
    against a revocation until the commit (`principals.LOCKING_QUERY`).
    """
    session = db.session()
    try:
        principals.note_seen(session, g.principal, get_services().clock.now())
        g.principal = principals.read_to_write(session.connection(), g.token)
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise


def bearer_token() -> str:
    """Return the token in the request's Authorization header; raises a `token_missing` problem."""
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer" or not authorization.token:
        raise Problem(ErrorCode.TOKEN_MISSING, "Send the header Authorization: Bearer <access token>.")
    return authorization.token
