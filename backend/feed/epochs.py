"""Epochs: the histories of positions there have been, and whether the ERP was reconciled with the newest."""

import datetime as dt

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.orm import Session

from backend.feed.models import FeedEpoch, FeedHead

_UNRECONCILED = (
    select(FeedEpoch)
    .join(FeedHead, FeedHead.epoch == FeedEpoch.epoch)
    .where(FeedEpoch.reconciled_at.is_(None))
    .execution_options(populate_existing=True)
)


def unreconciled(session: Session) -> FeedEpoch | None:
    """Return the current epoch if what was sent before it may be forgotten here; else None."""
    return session.scalars(_UNRECONCILED).one_or_none()


def is_unreconciled() -> ColumnElement[bool]:
    """Return the condition that what was sent before the current epoch may be forgotten here."""
    return exists(_UNRECONCILED)


def reconciled(session: Session, epoch: str, now: dt.datetime) -> bool:
    """Note that the ERP has been asked about *epoch*; return False if that was known, or the epoch is not."""
    found = session.execute(
        update(FeedEpoch)
        .where(FeedEpoch.epoch == epoch, FeedEpoch.reconciled_at.is_(None))
        .values(reconciled_at=now)
        .returning(FeedEpoch.epoch),
        execution_options={"synchronize_session": False},
    ).first()
    return found is not None
