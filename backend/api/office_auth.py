"""Authentication of the office: the token of an account that is not revoked.

The account is read for every request, so a revocation takes effect at once. A wrong token counts as a
failure of its address, as at the routes that accept enrolment codes.
"""

import contextlib
import datetime as dt

from flask import g
from sqlalchemy.orm import Session

from backend.api import rate_guard
from backend.api.auth import bearer_token
from backend.api.problems import Problem
from backend.api.services import get_services
from backend.database.web_session import db
from backend.identity import principals
from backend.identity.tokens import TokenExpired, TokenInvalid
from backend.office import accounts
from backend.office.access import OfficeUser
from backend.office.accounts import OfficeTokenInvalid
from backend.office.roles import Permission
from sync_protocol.errors import ErrorCode


def authenticate() -> None:
    """Accept the request if its token is an office account's; else raise `Problem`."""
    now = get_services().clock.now()
    token = bearer_token()
    with Session(db.engine) as session, session.begin():
        try:
            g.office_user = accounts.authenticate(session, token, now)
        except OfficeTokenInvalid:
            rate_guard.failed()
            _refuse_device(session, token, now)
            raise _invalid() from None


def _refuse_device(session: Session, token: str, now: dt.datetime) -> None:
    """Raise a `role_missing` problem if *token* is a device's, and the order to wipe if that is revoked."""
    with contextlib.suppress(TokenInvalid, TokenExpired):
        principals.read(session.connection(), get_services().token_cache.verify(token, now))
        detail = "This is the token of a device; people of the office have tokens of their own."
        raise Problem(ErrorCode.ROLE_MISSING, detail)


def require_still(session: Session, permission: Permission, what: str) -> OfficeUser:
    """Return the user as the account is now; raises a `Problem` if it was revoked or lost *permission*.

    For the transaction that writes: the body arrived and the ERP was asked in the meantime.
    """
    try:
        user = accounts.read_to_write(session, bearer_token(), get_services().clock.now())
    except OfficeTokenInvalid:
        raise _invalid() from None
    _require(user, permission, what)
    return user


def require_permission(permission: Permission, what: str, name: str | None = None) -> OfficeUser:
    """Return the user of an authenticated request; raises `Problem` if no role of theirs may do *what*.

    *name* is what it is done to, by the table of roles; None: that depends on the document.
    """
    user: OfficeUser = g.office_user
    _require(user, permission, what, name)
    return user


def _invalid() -> Problem:
    detail = "No office account has this token, or the account is revoked."
    return Problem(ErrorCode.OFFICE_TOKEN_INVALID, detail)


def _require(user: OfficeUser, permission: Permission, what: str, name: str | None = None) -> None:
    if not user.has(permission, name):
        roles = ", ".join(user.roles) or "no role"
        raise Problem(ErrorCode.ROLE_MISSING, f"The account has {roles}, and may not {what}.")
