"""Position times: record the feed's head periodically, to tell how old a position is.

A row (position, at) says that everything at or below *position* was committed by *at*. Positions carry no time
of their own, so without these rows the age of a tombstone would not be known.
"""

import datetime as dt
import logging

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from backend.clock import AHEAD, Clock, is_ahead
from backend.database.bulk import insert_ignore
from backend.database.core import execute_counted
from backend.feed import positions
from backend.feed.models import PositionTime
from sync_protocol.local_time import local_time

log = logging.getLogger(__name__)

RECORD_EVERY = dt.timedelta(hours=1)


def record(session: Session, clock: Clock, every: dt.timedelta = RECORD_EVERY) -> bool:
    """Record the feed's head, unless the last record is younger than *every*; return if it was.

    Times that lie ahead are corrected first, if an earlier one does not: then the clock was ahead for a while.
    If all lie ahead, the clock may be behind now, and `newest_ahead` tells the operator.
    """
    if (earliest := _earliest(session)) is not None and not is_ahead(earliest, clock.now()):
        correct(session, clock.now())
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


def newest_ahead(session: Session, now: dt.datetime) -> dt.datetime | None:
    """Return the newest recorded time if it is more than a day ahead of *now*; else None.

    Until then no position becomes old, and no tombstone is deleted.
    """
    newest = session.scalar(select(func.max(PositionTime.at)))
    return newest if newest is not None and is_ahead(newest, now) else None


def ahead_message(newest: dt.datetime) -> str:
    """Return a sentence for the operator about `newest_ahead`."""
    return (
        f"a position was recorded at {local_time(newest)}, which lies ahead, so tombstones newer than the "
        "others are not deleted: the clock was ahead then, or it is behind now"
    )


def correct(session: Session, now: dt.datetime) -> int:
    """Set the times that lie ahead of *now* to *now*, when these positions certainly exist; return how many."""
    count = execute_counted(session, update(PositionTime).where(PositionTime.at > now + AHEAD).values(at=now))
    if count:
        log.warning("%d times of feed positions lay ahead of the clock, and are set to now", count)
    return count


def delete_redundant(session: Session, before: dt.datetime) -> None:
    """Delete recorded times that a later one, also before *before*, makes redundant."""
    session.execute(delete(PositionTime).where(PositionTime.position < position_before(session, before)))


def _earliest(session: Session) -> dt.datetime | None:
    return session.scalar(select(func.min(PositionTime.at)))
