"""Positions: one counter, whose row is also the feed's lock.

A transaction that updates the counter holds its row until the commit. So the order of positions is the order of
commits, and a reader that has seen a position has seen everything below it. A sequence would not suffice: it
issues numbers in the order of requests, and a reader would skip those not yet committed.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    bindparam,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.orm import Session
from ulid import ULID

from backend.database import round_trip
from backend.database.bulk import POSTGRESQL, dialect_of
from backend.database.core import table_of
from backend.database.round_trip import Read
from backend.feed.models import FeedEpoch, FeedHead

log = logging.getLogger(__name__)

HEAD = table_of(FeedHead)
HEAD_ID = 1
EMBEDDED_LINEAGE = "sqlite"

# The first eight digits of a WAL file's name are the timeline, which a promotion changes. The control file
# holds it too, but only after the next checkpoint.
LINEAGE = (
    "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||"
    " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
)


class EpochCause(StrEnum):
    """Why an epoch started."""

    FIRST = "first"
    RESTORE = "restore"
    """By command, after a backup was restored."""
    LINEAGE = "lineage"
    """The database is on another lineage: a standby was promoted, and the last commits may be lost."""


class FeedMissing(RuntimeError):
    """The feed has no head: the database was not set up (`satchel init`)."""


@dataclass(frozen=True)
class Head:
    """The newest position of one history."""

    epoch: str
    position: int


def ensure_head(session: Session) -> None:
    """Create the feed's head and the first epoch, unless they exist."""
    if session.get(FeedHead, HEAD_ID) is None:
        session.execute(insert(FeedHead).values(id=HEAD_ID, epoch="", lineage="", position=0))
        _start_epoch(session, _lineage(session), EpochCause.FIRST)


def head(session: Session) -> Head:
    """Return epoch and newest position as this transaction sees them; raises `FeedMissing`."""
    query = select(HEAD.c.epoch, HEAD.c.position).where(HEAD.c.id == HEAD_ID)
    row = session.connection().execute(query).one_or_none()
    if row is None:
        raise FeedMissing("the database is not set up; run `satchel init`")
    return Head(row.epoch, row.position)


def take(session: Session, count: int) -> int:
    """Take *count* positions, and the feed's lock until the commit; return the last position.

    If a standby was promoted, this server is on another timeline than the one that issued the positions so far,
    and the last commits may be lost. Then a new epoch starts before any position is issued. Otherwise phones
    would receive the same positions twice with different contents. Raises `FeedMissing`.
    """
    [row] = round_trip.run(session, [taking(dialect_of(session), count)])
    return taken(session, row)


def taking(dialect: str, count: int) -> Read:
    """Return the statement of `take`, for a round trip with others; its row is for `taken`."""
    return Read(_take_statement(dialect), {"count": count}, lambda rows: next(iter(rows), None))


def taken(session: Session, row: Any) -> int:
    """Return the last position that was taken by *row*, what `taking` returned; as `take` otherwise."""
    if row is None:
        raise FeedMissing("the database is not set up; run `satchel init`")
    if row.lineage != row.server_lineage:
        _start_epoch(session, row.server_lineage, EpochCause.LINEAGE)
    return int(row.position)


@cache
def _take_statement(dialect: str) -> Any:
    return (
        update(HEAD)
        .where(HEAD.c.id == HEAD_ID)
        .values(position=HEAD.c.position + bindparam("count", type_=BigInteger))
        .returning(HEAD.c.position, HEAD.c.lineage, _known_lineage(dialect).label("server_lineage"))
    )


def detect_failover(session: Session) -> None:
    """Start a new epoch now if this server is on another lineage, without waiting for the next publication.

    If the lineage is unchanged no lock is taken. For callers that must not act while the last commits may be
    missing.
    """
    stored = session.scalar(select(FeedHead.lineage).where(FeedHead.id == HEAD_ID))
    if stored is not None and stored != _lineage(session):
        take(session, 0)


def new_epoch(session: Session) -> str:
    """Start a new epoch, as after a restore, and return its name; every device gets a reset."""
    take(session, 1)
    return _start_epoch(session, _lineage(session), EpochCause.RESTORE)


def _start_epoch(session: Session, lineage: str, cause: EpochCause) -> str:
    epoch = str(ULID())
    position = session.execute(
        update(FeedHead)
        .where(FeedHead.id == HEAD_ID)
        .values(epoch=epoch, lineage=lineage)
        .returning(FeedHead.position),
        execution_options={"synchronize_session": False},
    ).scalar_one()
    now = func.current_timestamp()
    session.execute(
        insert(FeedEpoch).values(
            epoch=epoch,
            began_at=now,
            cause=cause.value,
            lineage=lineage,
            position=position,
            # Nothing was sent before the first epoch.
            reconciled_at=now if cause is EpochCause.FIRST else null(),
        )
    )
    if cause is not EpochCause.FIRST:
        log.warning(
            "a new epoch of the feed starts at position %d (%s): devices check their replicas by checksums, "
            "and nothing is sent to the ERP until `satchel delivery reconcile` has been run",
            position,
            cause.value,
        )
    return epoch


def is_current_lineage(dialect: str) -> ColumnElement[bool]:
    """Return the SQL condition that this server is on the lineage which issued the positions so far."""
    return select(HEAD.c.lineage == _known_lineage(dialect)).where(HEAD.c.id == HEAD_ID).scalar_subquery()


def _known_lineage(dialect: str) -> ColumnElement[str]:
    return literal_column(f"({LINEAGE})") if dialect == POSTGRESQL else literal(EMBEDDED_LINEAGE)


def _lineage(session: Session) -> str:
    """Return the connected server's lineage (system identifier and timeline)."""
    return str(session.execute(select(_known_lineage(dialect_of(session)))).scalar_one())
