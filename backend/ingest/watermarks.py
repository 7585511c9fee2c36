"""Watermarks: how far a collection has been read, and what stood in the way the last time."""

import datetime as dt
import logging

from sqlalchemy import Select, and_, select, update
from sqlalchemy.orm import Session

from backend.database.bulk import insert_ignore
from backend.ingest.models import Watermark

log = logging.getLogger(__name__)


def ensure(session: Session, connector: str, collection: str) -> Watermark:
    """Return the watermark's row, made if there is none."""
    key = {"connector": connector, "collection": collection}
    insert_ignore(session, Watermark, key, list(key))
    return session.scalars(_of(connector, collection)).one()


def advance(
    session: Session, connector: str, collection: str, *, read_from: str | None, to: str | None
) -> bool:
    """Move the watermark on; return False if it does not stand at *read_from* any more.

    Then somebody else has read on, and what was read from the old place may be older than what is there.
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
    """Note that the collection was read to its end at *now*; return when it was the time before.

    *all_of_it*: from its start, so that every record was compared with the feed.
    """
    row = session.scalars(_of(connector, collection)).one()
    before = row.read_at
    row.read_at, row.failing_since, row.failure = now, None, None
    if all_of_it:
        row.compared_at, row.compare_value, row.compare_missed = now, None, 0
    session.flush()
    return before


def forget(session: Session, connector: str, collection: str | None = None) -> None:
    """Let *collection*, or all, be read from the start next time; what else is known of it stays."""
    mine = Watermark.connector == connector
    session.execute(
        update(Watermark)
        .where(mine if collection is None else and_(mine, Watermark.collection == collection))
        .values(value=None, compare_value=None),
        execution_options={"synchronize_session": False},
    )


def compared(
    session: Session, connector: str, collection: str, value: str | None, missed: int, end: dt.datetime | None
) -> None:
    """Note that a page was compared, from which *value* goes on, and whether that was the *end*."""
    row = session.scalars(_of(connector, collection)).one()
    if row.compare_value is None:
        row.compare_missed = 0
    row.compare_value = value
    row.compare_missed += missed
    row.compared_at = end or row.compared_at
    session.flush()


def swept(session: Session, connector: str, collection: str, now: dt.datetime) -> None:
    """Note that deletions were looked for at *now*."""
    row = session.scalars(_of(connector, collection)).one()
    row.swept_at, row.sweep_failure = now, None
    session.flush()


def sweep_failed(session: Session, connector: str, collection: str, message: str) -> None:
    """Note why deletions could not be looked for; a reading that goes well does not clear it."""
    row = ensure(session, connector, collection)
    if row.sweep_failure != message:
        log.error("%s of %s: %s", collection, connector, message)
    row.sweep_failure = message[:2000]
    session.flush()


def fail(session: Session, connector: str, collection: str, message: str, now: dt.datetime) -> None:
    """Note why the collection could not be read, in words for the operator."""
    row = ensure(session, connector, collection)
    if row.failure != message:
        log.warning("%s of %s: %s", collection, connector, message)
    row.failing_since = row.failing_since or now
    row.failure = message[:2000]
    session.flush()


def _of(connector: str, collection: str) -> Select[Watermark]:
    return (
        select(Watermark)
        .where(Watermark.connector == connector, Watermark.collection == collection)
        .execution_options(populate_existing=True)
    )
