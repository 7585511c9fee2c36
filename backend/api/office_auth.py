"""The lock on the office's doors: a token of an office account that is not revoked.

The account is read for every request. Whoever has failed too often from one address must wait, as at the doors
that take codes.
"""

from flask import g
from sqlalchemy.orm import Session

from backend.api import rate_guard
from backend.api.auth import bearer_token
from backend.api.problems import Problem
from backend.api.services import get_services
from backend.database.core import db
from backend.office import accounts
from backend.office.accounts import OfficeTokenInvalid, OfficeUser
from sync_protocol.errors import ErrorCode


def authenticate() -> None:
    """Let the request in or raise `Problem`."""
    now = get_services().clock.now()
    token = bearer_token()
    rate_guard.check(now)
    with Session(db.engine) as session, session.begin():
        try:
            g.clerk = accounts.authenticate(session, token, now)
        except OfficeTokenInvalid:
            rate_guard.failed(now)
            raise Problem(
                ErrorCode.OFFICE_TOKEN_INVALID, "The token is of no office account, or not any more."
            ) from None


def require_permission(permission: str) -> OfficeUser:
    """Return who speaks, if their role allows *what*; else raise `Problem`. Only behind the lock."""
    found: OfficeUser = g.clerk
    if not found.may(permission):
        raise Problem(ErrorCode.ROLE_MISSING, f"The role {found.role} may not {permission} parked documents.")
    return found
