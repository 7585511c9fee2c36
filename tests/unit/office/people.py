"""Office accounts of tests: made in one call, with a role and a token."""

import datetime as dt

from sqlalchemy.orm import Session

from backend.office import accounts


def issue(session: Session, name: str, *roles: str, now: dt.datetime, territory: str | None = None) -> str:
    """Create or change the account *name* with *roles*, and return a new token of it."""
    accounts.add(session, name, roles, territory=territory, by="user:x", now=now)
    return accounts.issue_token(session, name, by="user:x", now=now)


def store(session: Session, name: str, role: str, token: str, *, now: dt.datetime) -> None:
    """Do the same with *token*."""
    accounts.add(session, name, [role], by="user:x", now=now)
    accounts.store_token(session, name, token, by="user:x", now=now)
