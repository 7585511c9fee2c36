"""Authentication of the office: the token of an account that is not revoked.

The account is read for every request, so a revocation takes effect at once. An address with too many wrong
tokens must wait, as at the routes that accept enrolment codes.
"""

from flask import g
from sqlalchemy.orm import Session

from backend.api import rate_guard
from backend.api.auth import bearer_token
from backend.api.problems import Problem
from backend.api.services import get_services
from backend.database.core import db
from backend.office import accounts
from backend.office.accounts import OfficeTokenInvalid, OfficeUser, Permission
from sync_protocol.errors import ErrorCode


def authenticate() -> None:
    """Accept the request if its token is an office account's; else raise `Problem`."""
    now = get_services().clock.now()
    token = bearer_token()
    rate_guard.check(now)
    with Session(db.engine) as session, session.begin():
        try:
            g.office_user = accounts.authenticate(session, token, now)
        except OfficeTokenInvalid:
            rate_guard.failed(now)
            raise Problem(
                ErrorCode.OFFICE_TOKEN_INVALID, "No office account has this token, or the account is revoked."
            ) from None


def require_permission(permission: Permission, what: str) -> OfficeUser:
    """Return the user of an authenticated request; raises `Problem` if their role may not do *what*."""
    user: OfficeUser = g.office_user
    if permission not in user.permissions:
        raise Problem(ErrorCode.ROLE_MISSING, f"The role {user.role} may not {what}.")
    return user
