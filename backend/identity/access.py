"""Access: which streams a rep may read. Assignments give channels, the role gives collections.

It is computed on the server from tables alone; nothing that a device sends can extend it. A change of access
changes the meaning of cursors, so make changes through `backend.sync.grants`, which takes a position.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, delete, null, select, true, union_all
from sqlalchemy.orm import Session

from backend.database.core import UtcDateTime
from backend.database.round_trip import Read
from backend.identity import names
from backend.identity.models import Assignment, Rep, RoleCollection
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Stream
from sync_protocol.channel import EVERYONE, Follows, dimension_of, is_channel
from sync_protocol.collection import Collection

ANY_SCHEMA = 1_000_000
"""A revision that understands every collection, for endpoints that do not get the app's revision."""

LATE_DAYS = 90
"""Days after the end of an assignment in which a document captured under it is still accepted."""


def channels(session: Session, rep: str) -> list[str]:
    """Return the channels that *rep* reads now: everyone's, the rep's own, and the assigned ones."""
    assigned = session.scalars(
        select(Assignment.channel).where(Assignment.rep == rep, Assignment.until.is_(None))
    )
    return [*_own_channels(rep), *sorted(set(assigned))]


def _own_channels(rep: str) -> tuple[str, ...]:
    """Return the channels that *rep* reads without an assignment.

    A rep whose id breaks `names.rep_id`, from before that rule, has no channel of their own.
    """
    own = f"rep:{rep}"
    return (EVERYONE, own) if is_channel(own) else (EVERYONE,)


@dataclass(frozen=True)
class CitingAccess:
    """What a rep may cite in a document, and what of that the rep may read now."""

    channels_ever: list[str]
    """The channels that the rep reads now or read in the last `LATE_DAYS`: documents captured before a change
    of assignments may refer to records of these."""
    channels_now: frozenset[str]
    collections: frozenset[str]
    """The collections of the rep's role."""

    def reads(self, channel: str, collection: str) -> bool:
        """Say whether the rep may read records of *collection* in *channel* now."""
        return channel in self.channels_now and collection in self.collections


_CITING: CompoundSelect[Any] = union_all(
    select(RoleCollection.collection, null().label("channel"), true().label("current"))
    .join(Rep, Rep.role == RoleCollection.role)
    .where(Rep.id == bindparam("rep")),
    select(null(), Assignment.channel, Assignment.until.is_(None)).where(
        Assignment.rep == bindparam("rep"),
        Assignment.until.is_(None) | (Assignment.until > bindparam("ended_after", type_=UtcDateTime)),
    ),
)


def citing_read(rep: str, now: dt.datetime) -> Read:
    """Return the statement that reads the `CitingAccess` of *rep* at *now*."""
    parameters = {"rep": rep, "ended_after": now - dt.timedelta(days=LATE_DAYS)}
    return Read(_CITING, parameters, lambda rows: _citing_access(rows, rep))


def _citing_access(rows: Sequence[Any], rep: str) -> CitingAccess:
    own = _own_channels(rep)
    assigned = [row for row in rows if row.channel is not None]
    return CitingAccess(
        channels_ever=[*own, *sorted({row.channel for row in assigned})],
        channels_now=frozenset((*own, *(row.channel for row in assigned if row.current))),
        collections=frozenset(row.collection for row in rows if row.collection is not None),
    )


_GRANTS: CompoundSelect[Any] = union_all(
    select(RoleCollection.collection, null().label("channel"))
    .join(Rep, Rep.role == RoleCollection.role)
    .where(Rep.id == bindparam("rep")),
    select(null(), Assignment.channel).where(Assignment.rep == bindparam("rep"), Assignment.until.is_(None)),
)
"""The collections of a rep's role, and the channels of the rep's assignments."""


def streams(session: Session, rep: str, schema: int) -> list[Stream]:
    """Return the streams granted to *rep* on an app of revision *schema*, in the order phones need them."""
    rows = session.connection().execute(_GRANTS, {"rep": rep}).all()
    collections = {row.collection for row in rows if row.collection is not None}
    assigned = {row.channel for row in rows if row.channel is not None}
    return [
        (name, collection)
        for collection in COLLECTIONS
        if collection in collections
        for name in (*_own_channels(rep), *sorted(assigned))
        if supported(name, collection, schema)
    ]


def supported(name: str, collection: str, schema: int) -> bool:
    """Say whether channel *name* can have records of *collection* for an app of revision *schema*."""
    declared = COLLECTIONS.get(collection)
    return declared is not None and declared.since <= schema and dimension_of(name) in dimensions(declared)


def dimensions(collection: Collection) -> tuple[str, ...]:
    """Return the dimensions of the channels that records of *collection* can be in."""
    rule = collection.channel
    while isinstance(rule, Follows):
        rule = COLLECTIONS[rule.collection].channel
    return (rule.dimension,)


def assign(session: Session, rep: str, name: str, now: dt.datetime) -> bool:
    """Assign channel *name* to *rep*; return whether that is new.

    Raises `names.NameRefused` for a channel that cannot be assigned, and ValueError for an unknown rep.
    """
    names.assignable_channel(name)
    if session.get(Rep, rep) is None:
        raise ValueError(f"there is no rep {rep!r}")
    if name in channels(session, rep):
        return False
    session.add(Assignment(rep=rep, channel=name, since=now))
    session.flush()
    return True


def unassign(session: Session, rep: str, name: str, now: dt.datetime) -> bool:
    """End the assignment of channel *name* to *rep*; return whether there was one."""
    assignments = session.scalars(
        select(Assignment).where(Assignment.rep == rep, Assignment.channel == name, Assignment.until.is_(None))
    ).all()
    for assignment in assignments:
        assignment.until = now
    session.flush()
    return bool(assignments)


def set_role(session: Session, role: str, collections: Iterable[str]) -> None:
    """Let reps of *role* read exactly *collections*; raises ValueError for one that does not exist.

    Raises `names.NameRefused` for a name that no role can have.
    """
    names.role(role)
    granted = set(collections)
    unknown = granted - set(COLLECTIONS)
    if unknown:
        existing = ", ".join(COLLECTIONS)
        raise ValueError(f"no such collection: {', '.join(sorted(unknown))}; there are {existing}")
    session.execute(delete(RoleCollection).where(RoleCollection.role == role))
    session.add_all(RoleCollection(role=role, collection=name) for name in sorted(granted))
    session.flush()
