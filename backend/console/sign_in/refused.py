"""Refused sign-ins in the audit trail. The name is stored only if it is an account's: it may be a password.

Separate from the page, because the counts outlive a request.
"""

import datetime as dt

from flask import current_app, request
from sqlalchemy.orm import Session

from backend.database.web_session import db
from backend.identity import audit
from backend.identity.failed_attempts import FailedAttempts
from backend.identity.models import OfficeAccount
from backend.identity.names import is_storable

ACTION = "office.sign_in_refused"
NOBODY = "unknown account"
EXTENSION = "satchel.sign_ins"


def note(name: str, now: dt.datetime) -> None:
    """Record that somebody could not sign in as *name*; of many attempts of one address only the first."""
    actor = f"address:{request.remote_addr}"
    attempts: FailedAttempts = current_app.extensions.setdefault(EXTENSION, FailedAttempts())
    counted = attempts.note(ACTION, actor, now)
    if counted is None:
        return
    with Session(db.engine) as session, session.begin():
        is_account = is_storable(name) and session.get(OfficeAccount, name) is not None
        subject = name if is_account else NOBODY
        audit.record(session, actor=actor, action=ACTION, subject=subject, now=now, detail=dict(counted))
