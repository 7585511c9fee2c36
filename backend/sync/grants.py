"""Grants: changes of what a rep hears take a position, like every other change.

A page is read in one snapshot, grants included. Were a grant to change without a position, two pages
with the same head could name different streams.
"""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy.orm import Session

from backend.feed import positions
from backend.identity import access


def assign(session: Session, rep: str, channel: str, now: dt.datetime) -> bool:
    """Let *rep* hear *channel* from now on; the phone gets its records with the next page."""
    positions.take(session, 1)
    return access.assign(session, rep, channel, now)


def unassign(session: Session, rep: str, channel: str, now: dt.datetime) -> bool:
    """End it; the phone drops its records with the next page and keeps its outbox."""
    positions.take(session, 1)
    return access.unassign(session, rep, channel, now)


def set_role(session: Session, role: str, collections: Iterable[str]) -> None:
    """Let reps of *role* hear exactly *collections*."""
    positions.take(session, 1)
    access.set_role(session, role, collections)
