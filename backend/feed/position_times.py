"""Position times: record the feed's head periodically, to tell how old a position is.

A row (position, at) says that everything at or below *position* was committed by *at*. Positions carry no time
of their own, so without these rows the age of a tombstone would not be known.
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
    """Record the feed's head, unless the last record is younger than *every*; return if it was."""
    newest, at = session.execute(select(func.max(PositionTime.position), func.max(PositionTime.at))).one()
    head = positions.head(session).position
    # The clock is read after the head: what is committed between the two must not count as older.
    now = clock.now()
    if head == newest or (at is not None and now - at < every):
        return False
    # If the clock was set back, reuse the latest recorded time: times must not decrease as positions grow.
    row = {"position": head, "at": max(now, at) if at else now}
    insert_ignore(session, PositionTime, row, ["position"])
    return True


def position_before(session: Session, before: dt.datetime) -> int:
    """Return the newest position that is known to be older than *before*; 0 if none is."""
    return session.scalar(select(func.max(PositionTime.position)).where(PositionTime.at <= before)) or 0


def delete_redundant(session: Session, before: dt.datetime) -> None:
    """Delete recorded times that a later one, also before *before*, makes redundant."""
    session.execute(delete(PositionTime).where(PositionTime.position < position_before(session, before)))
