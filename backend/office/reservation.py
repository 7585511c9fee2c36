"""Taking a parked document, so that two people do not work on one; a claim lapses by itself."""

import datetime as dt

from sqlalchemy.orm import Session

from backend.inbox.models import Submission
from backend.office.action import Deed, enter, grasp, holder_of


def claim(session: Session, id: str, deed: Deed, *, lasts: dt.timedelta) -> Submission:
    """Take the parked submission *id* for *lasts*; its holder renews. Raises `DeedRefused`.

    Phones are told nothing of it.
    """
    row = grasp(session, id, deed)
    before = holder_of(row, deed.now)
    row.taken_by, row.taken_until = deed.by, deed.now + lasts
    enter(session, row, deed, "claim", before, {"minutes": round(lasts.total_seconds() / 60)})
    return row


def release(session: Session, id: str, deed: Deed) -> Submission:
    """Let go of the parked submission *id*; if nobody holds it, nothing changes. Raises `DeedRefused`."""
    row = grasp(session, id, deed)
    before = holder_of(row, deed.now)
    row.taken_by = row.taken_until = None
    if before is not None:
        enter(session, row, deed, "release", before)
    return row
