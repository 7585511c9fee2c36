"""Moments: where the feed stood at a time, noted now and then, which tells how old a position is.

A moment (position, at) says: everything at or below *position* was committed by *at*. Positions carry no
time of their own, so without moments nobody would know which tombstones are old.
"""

import datetime as dt

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.bulk import insert_ignore
from backend.feed import positions
from backend.feed.models import PositionTime

RECORD_EVERY = dt.timedelta(hours=1)


def record(session: Session, clock: Clock, every: dt.timedelta = RECORD_EVERY) -> bool:
    """Note where the feed stands, unless that was done within *every*; return whether it was."""
    newest, at = session.execute(select(func.max(PositionTime.position), func.max(PositionTime.at))).one()
    head = positions.head(session).position
    # The time is taken after the head: what was committed between the two must not be called older.
    now = clock.now()
    if head == newest or (at is not None and now - at < every):
        return False
    # After a clock was put back, older than the newest moment would be a lie about what came after it.
    moment = {"position": head, "at": max(now, at) if at else now}
    insert_ignore(session, PositionTime, moment, ["position"])
    return True


def position_before(session: Session, before: dt.datetime) -> int:
    """Return the newest position that is known to be older than *before*; 0 if none is."""
    return session.scalar(select(func.max(PositionTime.position)).where(PositionTime.at <= before)) or 0


def forget(session: Session, before: dt.datetime) -> None:
    """Delete the moments that say nothing any more, because a newer one is older than *before* too."""
    session.execute(delete(PositionTime).where(PositionTime.position < position_before(session, before)))
