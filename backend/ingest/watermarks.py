"""Watermarks: how far a collection has been read, and why the last reading or sweep failed."""

import datetime as dt
import logging

from sqlalchemy import Select, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from backend.clock import is_ahead
from backend.database.bulk import insert_ignore
from backend.ingest.models import Watermark

log = logging.getLogger(__name__)


def ensure(session: Session, connector: str, collection: str) -> Watermark:
    """Return the watermark's row; create it if it is missing."""
    key = {"connector": connector, "collection": collection}
    insert_ignore(session, Watermark, key, list(key))
    return session.scalars(_of(connector, collection)).one()


def advance(
    session: Session, connector: str, collection: str, *, read_from: str | None, to: str | None
) -> bool:
    """Advance the watermark and lock its row until the commit; return False if it is no longer at *read_from*.

    Then another importer has advanced it, and rows read from the old value may be older than the feed.
    """
    moved = session.execute(
        update(Watermark)
        .where(
            Watermark.connector == connector,
            Watermark.collection == collection,
            Watermark.value.is_not_distinct_from(read_from),
        )
        .values(value=to)
        .returning(Watermark.collection),
        execution_options={"synchronize_session": False},
    ).first()
    return moved is not None


def read_to_the_end(
    session: Session, connector: str, collection: str, now: dt.datetime, *, all_of_it: bool
) -> dt.datetime | None:
    """Store that the collection was read to its end at *now*; return when it was read to its end before.

    *all_of_it*: it was read from its start, so every record was compared with the feed.
    """
    row = session.scalars(_of(connector, collection)).one()
    before = row.read_at
    row.read_at, row.failing_since, row.failure = now, None, None
    if all_of_it:
        row.compared_at, row.compare_value, row.compare_missed = now, None, 0
    session.flush()
    return before


def forget(session: Session, connector: str, collection: str | None = None) -> None:
    """Reset the watermark of *collection*, or of all: the next reading begins at the start."""
    of_connector = Watermark.connector == connector
    session.execute(
        update(Watermark)
        .where(of_connector if collection is None else and_(of_connector, Watermark.collection == collection))
        .values(value=None, compare_value=None),
        execution_options={"synchronize_session": False},
    )


def compared(
    session: Session, connector: str, collection: str, value: str | None, missed: int, end: dt.datetime | None
) -> None:
    """Store that a page was compared: continue at *value*, or None with the time of the *end*."""
    row = session.scalars(_of(connector, collection)).one()
    if row.compare_value is None:
        row.compare_missed = 0
    row.compare_value = value
    row.compare_missed += missed
    row.compared_at = end or row.compared_at
    session.flush()


def swept(session: Session, connector: str, collection: str, now: dt.datetime) -> None:
    """Store that a sweep looked for deletions at *now*."""
    row = session.scalars(_of(connector, collection)).one()
    row.swept_at, row.sweep_failure = now, None
    session.flush()


def sweep_failed(session: Session, connector: str, collection: str, message: str) -> None:
    """Store why the sweep failed; a successful reading does not clear it."""
    row = ensure(session, connector, collection)
    if row.sweep_failure != message:
        log.error("%s of %s: %s", collection, connector, message)
    row.sweep_failure = message[:2000]
    session.flush()


def fail(session: Session, connector: str, collection: str, message: str, now: dt.datetime) -> None:
    """Store why the collection could not be read, as a sentence for the operator."""
    row = ensure(session, connector, collection)
    if row.failure != message:
        log.warning("%s of %s: %s", collection, connector, message)
    if row.failing_since is None or is_ahead(row.failing_since, now):
        row.failing_since = now
    row.failure = message[:2000]
    session.flush()


def _of(connector: str, collection: str) -> Select[Watermark]:
    return (
        select(Watermark)
        .where(Watermark.connector == connector, Watermark.collection == collection)
        .execution_options(populate_existing=True)
    )


def is_read_since(session: Session, connector: str, moment: dt.datetime) -> bool:
    """Say whether each collection was read to its end since *moment*; a failing one does not count."""
    older = or_(Watermark.read_at.is_(None), Watermark.read_at < moment)
    behind = exists().where(Watermark.connector == connector, older, Watermark.failing_since.is_(None))
    return not session.scalar(select(behind))
