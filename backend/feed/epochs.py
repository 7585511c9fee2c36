"""Epochs: whether the ERP was reconciled with the current one. `positions` starts new ones."""

import datetime as dt

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from backend.feed.models import FeedEpoch, FeedHead

_UNRECONCILED = (
    select(FeedEpoch)
    .join(FeedHead, FeedHead.epoch == FeedEpoch.epoch)
    .where(FeedEpoch.reconciled_at.is_(None))
    .execution_options(populate_existing=True)
)


def unreconciled(session: Session) -> FeedEpoch | None:
    """Return the current epoch if it has not been reconciled with the ERP yet, else None.

    Until then this database may have lost the record of documents that were sent before the epoch started.
    """
    return session.scalars(_UNRECONCILED).one_or_none()


def is_unreconciled() -> ColumnElement[bool]:
    """Return the SQL condition that the current epoch has not been reconciled with the ERP yet."""
    return exists(_UNRECONCILED)


def count_by_cause(session: Session) -> dict[str, int]:
    """Return how many epochs were started, by cause (`positions.EpochCause`). The table stays small."""
    rows = session.execute(select(FeedEpoch.cause, func.count().label("epochs")).group_by(FeedEpoch.cause))
    return {row.cause: row.epochs for row in rows}


def mark_reconciled(session: Session, epoch: str, now: dt.datetime) -> bool:
    """Record that *epoch* was reconciled with the ERP; return False if it was before, or does not exist."""
    updated = session.execute(
        update(FeedEpoch)
        .where(FeedEpoch.epoch == epoch, FeedEpoch.reconciled_at.is_(None))
        .values(reconciled_at=now)
        .returning(FeedEpoch.epoch),
        execution_options={"synchronize_session": False},
    ).first()
    return updated is not None
