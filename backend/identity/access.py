"""Access: which streams a rep hears. Assignments give channels, the role gives collections.

Computed on the server from tables alone; nothing a device sends widens it. Changing what stands here
changes what a cursor means, so changes go through `backend.sync.grants`, which takes a position.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, delete, null, select, union_all
from sqlalchemy.orm import Session

from backend.identity.models import Assignment, Rep, RoleCollection
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Stream
from sync_protocol.channel import EVERYONE, Follows, channel, dimension_of, is_channel
from sync_protocol.collection import Collection

ASSIGNABLE = ("territory", "warehouse")
"""Dimensions a rep can be assigned to: those in which some collection is heard."""

ANY_SCHEMA = 1_000_000
"""A revision that understands every collection there is: for doors that are not told the app's own."""

LATE_DAYS = 90
"""How long after the end of an assignment a document captured under it is still taken."""


def channels(session: Session, rep: str) -> list[str]:
    """Return the channels *rep* hears now: everyone's, the rep's own, and those assigned."""
    assigned = session.scalars(
        select(Assignment.channel).where(Assignment.rep == rep, Assignment.until.is_(None))
    )
    return [EVERYONE, channel("rep", rep), *sorted(set(assigned))]


def channels_ever(session: Session, rep: str, now: dt.datetime) -> list[str]:
    """Return the channels *rep* hears or lately heard, for documents captured before a change."""
    lately = Assignment.until.is_(None) | (Assignment.until > now - dt.timedelta(days=LATE_DAYS))
    assigned = session.connection().scalars(select(Assignment.channel).where(Assignment.rep == rep, lately))
    return [EVERYONE, channel("rep", rep), *sorted(set(assigned))]


_GRANTS: CompoundSelect[Any] = union_all(
    select(RoleCollection.collection, null().label("channel"))
    .join(Rep, Rep.role == RoleCollection.role)
    .where(Rep.id == bindparam("rep")),
    select(null(), Assignment.channel).where(Assignment.rep == bindparam("rep"), Assignment.until.is_(None)),
)
"""What the role of a rep and what the rep's assignments give."""


def streams(session: Session, rep: str, schema: int) -> list[Stream]:
    """Return the streams granted to *rep* on an app of revision *schema*, in the order phones need them."""
    found = session.connection().execute(_GRANTS, {"rep": rep}).all()
    granted = {row.collection for row in found if row.collection is not None}
    heard = [EVERYONE, channel("rep", rep), *sorted({row.channel for row in found if row.channel is not None})]
    return [
        (name, collection)
        for collection in COLLECTIONS
        if collection in granted
        for name in heard
        if supported(name, collection, schema)
    ]


def supported(name: str, collection: str, schema: int) -> bool:
    """Say whether *collection* is heard in channel *name* by an app of revision *schema*."""
    found = COLLECTIONS.get(collection)
    return found is not None and found.since <= schema and dimension_of(name) in dimensions(found)


def dimensions(collection: Collection) -> tuple[str, ...]:
    """Return the dimensions of the channels that records of *collection* can be in."""
    rule = collection.channel
    while isinstance(rule, Follows):
        rule = COLLECTIONS[rule.collection].channel
    return (rule.dimension,)


def assign(session: Session, rep: str, name: str, now: dt.datetime) -> bool:
    """Let *rep* hear channel *name*; return whether that is new. Raises ValueError for a bad channel."""
    if not is_channel(name) or dimension_of(name) not in ASSIGNABLE:
        raise ValueError(f"{name!r} cannot be assigned; write territory:NW or warehouse:W1")
    if session.get(Rep, rep) is None:
        raise ValueError(f"there is no rep {rep!r}")
    if name in channels(session, rep):
        return False
    session.add(Assignment(rep=rep, channel=name, since=now))
    session.flush()
    return True


def unassign(session: Session, rep: str, name: str, now: dt.datetime) -> bool:
    """Let *rep* hear channel *name* no longer; return whether that changed anything."""
    ended = session.scalars(
        select(Assignment).where(Assignment.rep == rep, Assignment.channel == name, Assignment.until.is_(None))
    ).all()
    for assignment in ended:
        assignment.until = now
    session.flush()
    return bool(ended)


def set_role(session: Session, role: str, collections: Iterable[str]) -> None:
    """Let reps of *role* hear exactly *collections*; raises ValueError for one that does not exist."""
    names = set(collections)
    unknown = names - set(COLLECTIONS)
    if unknown:
        there = ", ".join(COLLECTIONS)
        raise ValueError(f"no such collection: {', '.join(sorted(unknown))}; there are {there}")
    session.execute(delete(RoleCollection).where(RoleCollection.role == role))
    session.add_all(RoleCollection(role=role, collection=name) for name in sorted(names))
    session.flush()
