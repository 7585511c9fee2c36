"""Positions: one counter, which is also the feed's lock.

Whoever updates the counter's row holds it until the commit, so that the order of positions is the order
of commits, and a reader that has seen a position has seen everything below it. A sequence would not do:
it hands out numbers in the order of asking, and a reader would pass by those not yet committed.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, func, insert, literal, literal_column, null, select, update
from sqlalchemy.orm import Session
from ulid import ULID

from backend.database.bulk import POSTGRESQL, dialect_of
from backend.database.core import table_of
from backend.feed.models import FeedEpoch, FeedHead

log = logging.getLogger(__name__)

HEAD = table_of(FeedHead)
ONLY = 1
EMBEDDED_LINEAGE = "sqlite"

# The first eight digits of a WAL file's name are the timeline, which a promotion changes. The control
# file would tell it too, but only after the next checkpoint.
_LINEAGE = (
    "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' ||"
    " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
)


class EpochCause(StrEnum):
    """Why an epoch began."""

    FIRST = "first"
    RESTORE = "restore"
    """By command, after a backup was put back."""
    LINEAGE = "lineage"
    """The database found itself on another lineage: a standby was promoted, and its tail may be lost."""


class FeedMissing(RuntimeError):
    """The feed has no head: the database was not set up (`satchel init`)."""


@dataclass(frozen=True)
class Head:
    """The newest position of one history."""

    epoch: str
    position: int


def ensure_head(session: Session) -> None:
    """Create the feed's head where there is none; the first epoch begins."""
    if session.get(FeedHead, ONLY) is None:
        session.execute(insert(FeedHead).values(id=ONLY, epoch="", lineage="", position=0))
        _begin_epoch(session, _lineage(session), EpochCause.FIRST)


def head(session: Session) -> Head:
    """Return epoch and newest position as this transaction sees them; raises `FeedMissing`."""
    asked = select(HEAD.c.epoch, HEAD.c.position).where(HEAD.c.id == ONLY)
    row = session.connection().execute(asked).one_or_none()
    if row is None:
        raise FeedMissing("the database is not set up; run `satchel init`")
    return Head(row.epoch, row.position)


def take(session: Session, count: int) -> int:
    """Take *count* positions and the feed's lock until the commit; return the last of them.

    A server that finds itself on another timeline than the one that issued the positions so far (a
    standby was promoted, and the tail may be lost) begins a new epoch before it issues any, or phones
    would meet the same positions twice with different contents.
    """
    row = (
        session.connection()
        .execute(
            update(HEAD)
            .where(HEAD.c.id == ONLY)
            .values(position=HEAD.c.position + count)
            .returning(HEAD.c.position, HEAD.c.lineage, _lineage_sql(session).label("here"))
        )
        .one_or_none()
    )
    if row is None:
        raise FeedMissing("the database is not set up; run `satchel init`")
    if row.lineage != row.here:
        _begin_epoch(session, row.here, EpochCause.LINEAGE)
    return int(row.position)


def detect_failover(session: Session) -> None:
    """Begin a new epoch now if this server is on another lineage, without waiting for the next publication.

    Without one it takes no lock. For whoever must not act on a history that may have been cut.
    """
    stored = session.scalar(select(FeedHead.lineage).where(FeedHead.id == ONLY))
    if stored is not None and stored != _lineage(session):
        take(session, 0)


def new_epoch(session: Session) -> str:
    """Begin a new epoch, as after a restore; every device finds its way anew. Return its name."""
    take(session, 1)
    return _begin_epoch(session, _lineage(session), EpochCause.RESTORE)


def _begin_epoch(session: Session, lineage: str, cause: EpochCause) -> str:
    epoch = str(ULID())
    position = session.execute(
        update(FeedHead)
        .where(FeedHead.id == ONLY)
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
            # Nothing was sent before the first one began.
            reconciled_at=now if cause is EpochCause.FIRST else null(),
        )
    )
    if cause is not EpochCause.FIRST:
        log.warning(
            "a new epoch of the feed begins at position %d (%s): devices find their way by checksums, "
            "and nothing is sent to the ERP until `satchel delivery reconcile` has been run",
            position,
            cause.value,
        )
    return epoch


def is_current_lineage(dialect: str) -> ColumnElement[bool]:
    """Return the condition that this server is on the lineage which issued the positions so far."""
    return select(HEAD.c.lineage == _known_lineage(dialect)).where(HEAD.c.id == ONLY).scalar_subquery()


def _known_lineage(dialect: str) -> ColumnElement[str]:
    return literal_column(f"({_LINEAGE})") if dialect == POSTGRESQL else literal(EMBEDDED_LINEAGE)


def _lineage_sql(session: Session) -> ColumnElement[str]:
    """Return what tells the lineage of the server that is asked."""
    return _known_lineage(dialect_of(session))


def _lineage(session: Session) -> str:
    return str(session.execute(select(_lineage_sql(session))).scalar_one())
