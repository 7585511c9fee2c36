"""Grants: change which streams a rep may read. Each change takes a position of the feed.

A page is read in one snapshot, grants included. If a grant changed without a position, two pages with the
same head could name different streams.
"""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy.orm import Session

from backend.feed import positions
from backend.identity import access


def assign(session: Session, rep: str, channel: str, now: dt.datetime) -> bool:
    """Assign *channel* to *rep*; the phone gets its records with the next page. Return whether this is new."""
    positions.take(session, 1)
    return access.assign(session, rep, channel, now)


def unassign(session: Session, rep: str, channel: str, now: dt.datetime) -> bool:
    """End the assignment of *channel* to *rep*; return whether there was one.

    The phone drops the records with the next page and keeps its outbox.
    """
    positions.take(session, 1)
    return access.unassign(session, rep, channel, now)


def set_role(session: Session, role: str, collections: Iterable[str]) -> None:
    """Let reps of *role* read exactly *collections*."""
    positions.take(session, 1)
    access.set_role(session, role, collections)
