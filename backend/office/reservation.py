"""Taking a parked document, so that two people do not work on one; a claim lapses by itself."""

import datetime as dt

from sqlalchemy.orm import Session

from backend.inbox.models import Submission
from backend.office.action import Action, current_holder, lock_parked, record_audit


def reserve(session: Session, id: str, deed: Action, *, lasts: dt.timedelta) -> Submission:
    """Take the parked submission *id* for *lasts*; its holder renews. Raises `DeedRefused`.

    Phones are told nothing of it.
    """
    row = lock_parked(session, id, deed)
    before = current_holder(row, deed.now)
    row.reserved_by, row.reserved_until = deed.by, deed.now + lasts
    record_audit(session, row, deed, "claim", before, {"minutes": round(lasts.total_seconds() / 60)})
    return row


def release(session: Session, id: str, deed: Action) -> Submission:
    """Let go of the parked submission *id*; if nobody holds it, nothing changes. Raises `DeedRefused`."""
    row = lock_parked(session, id, deed)
    before = current_holder(row, deed.now)
    row.reserved_by = row.reserved_until = None
    if before is not None:
        record_audit(session, row, deed, "release", before)
    return row
