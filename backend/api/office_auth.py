"""The lock on the office's doors: a token of an office account that is not revoked.

The account is read for every request. Whoever has failed too often from one address must wait, as at the doors
that take codes.
"""

from flask import g
from sqlalchemy.orm import Session

from backend.api import rate_guard
from backend.api.auth import bearer
from backend.api.problems import Problem
from backend.api.services import satchel
from backend.database.core import db
from backend.office import accounts
from backend.office.accounts import Clerk, OfficeTokenInvalid
from sync_protocol.errors import ErrorCode


def unlock() -> None:
    """Let the request in or raise `Problem`."""
    now = satchel().clock.now()
    token = bearer()
    rate_guard.may_try(now)
    with Session(db.engine) as session, session.begin():
        try:
            g.clerk = accounts.clerk(session, token, now)
        except OfficeTokenInvalid:
            rate_guard.failed(now)
            raise Problem(
                ErrorCode.OFFICE_TOKEN_INVALID, "The token is of no office account, or not any more."
            ) from None


def clerk(what: str) -> Clerk:
    """Return who speaks, if their role allows *what*; else raise `Problem`. Only behind the lock."""
    found: Clerk = g.clerk
    if not found.may(what):
        raise Problem(ErrorCode.ROLE_MISSING, f"The role {found.role} may not {what} parked documents.")
    return found
