"""The lock on the office's doors: a token of an office account that is not revoked.

The account is read for every request. Whoever has failed too often from one address must wait, as at the doors
that take codes.
"""

from flask import g
from sqlalchemy.orm import Session

from backend.api import guard
from backend.api.context import satchel
from backend.api.lock import bearer
from backend.api.problems import Problem
from backend.db import db
from backend.identity import office
from backend.identity.office import Clerk, OfficeTokenInvalid
from sync_protocol.errors import ErrorCode


def unlock() -> None:
    """Let the request in or raise `Problem`."""
    now = satchel().clock.now()
    token = bearer()
    guard.may_try(now)
    with Session(db.engine) as session, session.begin():
        try:
            g.clerk = office.clerk(session, token, now)
        except OfficeTokenInvalid:
            guard.failed(now)
            raise Problem(
                ErrorCode.OFFICE_TOKEN_INVALID, "The token is of no office account, or not any more."
            ) from None


def clerk(what: str) -> Clerk:
    """Return who speaks, if their role allows *what*; else raise `Problem`. Only behind the lock."""
    found: Clerk = g.clerk
    if not found.may(what):
        raise Problem(ErrorCode.ROLE_MISSING, f"The role {found.role} may not {what} parked documents.")
    return found
