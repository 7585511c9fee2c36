"""Enrolment codes after they are made: list those that can still be used, and withdraw them.

Only the hash of a code is stored, so a code is shown once, when it is made. Its reference in lists is the
beginning of that hash: nobody can compute 75 random bits from it.
"""

import datetime as dt
import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.identity import audit
from backend.identity.models import EnrolmentCode

REFERENCE = 12
"""Characters of a reference, in hexadecimal."""
_MISREAD = str.maketrans("OIL", "011", " -")


def hash_of(code: str) -> str:
    """Return the hash under which *code* is stored, however it was typed."""
    symbols = code.upper().translate(_MISREAD)
    return hashlib.sha256(symbols.encode("utf-8", "replace")).hexdigest()


def reference(code: EnrolmentCode) -> str:
    """Return what names *code* in lists."""
    return code.code_hash[:REFERENCE]


def open_codes(session: Session, now: dt.datetime, *, rep: str | None = None) -> list[EnrolmentCode]:
    """Return the codes that enrol a phone at *now*, the next to expire first; those of *rep* if given."""
    statement = (
        select(EnrolmentCode)
        .where(
            EnrolmentCode.used_at.is_(None),
            EnrolmentCode.withdrawn_at.is_(None),
            EnrolmentCode.expires_at > now,
        )
        .order_by(EnrolmentCode.expires_at, EnrolmentCode.code_hash)
    )
    if rep is not None:
        statement = statement.where(EnrolmentCode.rep == rep)
    return list(session.scalars(statement))


def find(session: Session, text: str, now: dt.datetime) -> EnrolmentCode | None:
    """Return the open code that *text* names, which is its reference or the code itself; None if none."""
    named = (text.strip().lower(), hash_of(text)[:REFERENCE])
    return next((code for code in open_codes(session, now) if reference(code) in named), None)


def withdraw(session: Session, code: EnrolmentCode, *, actor: str, now: dt.datetime) -> bool:
    """Withdraw *code*, which then enrols no phone; return False if it was used or withdrawn meanwhile."""
    session.refresh(code, with_for_update=True)
    if code.used_at is not None or code.withdrawn_at is not None:
        return False
    code.withdrawn_at = now
    detail = {"code": reference(code)}
    audit.record(session, actor=actor, action="enrolment.withdraw", subject=code.rep, now=now, detail=detail)
    return True
