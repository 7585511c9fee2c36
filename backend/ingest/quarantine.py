"""The quarantine: the rows of the ERP that are not valid, counted and listed."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.ingest.models import RejectedRow

_OLDEST_FIRST = (RejectedRow.first_seen_at, RejectedRow.collection, RejectedRow.external_id)


def count(session: Session, connector: str | None = None) -> dict[str, int]:
    """Return the number of rows (of *connector*) in quarantine, by collection."""
    statement = select(RejectedRow.collection, func.count().label("rows")).group_by(RejectedRow.collection)
    if connector is not None:
        statement = statement.where(RejectedRow.connector == connector)
    rows = session.execute(statement.order_by(RejectedRow.collection))
    return {row.collection: row.rows for row in rows}


def listed(session: Session, connector: str, collection: str | None, limit: int) -> Sequence[RejectedRow]:
    """Return up to *limit* rows in quarantine, ordered by when they were first seen."""
    statement = select(RejectedRow).where(RejectedRow.connector == connector)
    if collection is not None:
        statement = statement.where(RejectedRow.collection == collection)
    return session.scalars(statement.order_by(*_OLDEST_FIRST).limit(limit)).all()


def oldest(session: Session) -> RejectedRow | None:
    """Return the row that has been in quarantine for longest, of any connector; None if there is none."""
    return session.scalars(select(RejectedRow).order_by(*_OLDEST_FIRST).limit(1)).first()
