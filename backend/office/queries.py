"""What the office sees of parked documents: whose each is, why, in whose words, and what to do."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.delivery.park_reasons import advice_for, class_of, owner_of
from backend.inbox.models import Submission
from backend.inbox.records import title_of
from backend.office.action import current_holder
from sync_protocol.submission import State


@dataclass(frozen=True)
class ParkedDocument:
    """One document that waits for somebody."""

    id: str
    kind: str
    title: str
    rep: str
    state: str
    decision: str | None
    error_class: str | None
    """A key of `park_reasons.PARK_REASONS`. Like *owner* and *advice*, None unless the document is parked."""
    owner: str | None
    reason: str
    """Plain words."""
    raw: str | None
    """The ERP's own words."""
    advice: str | None
    """What to do, of what is parked or on hold."""
    since: dt.datetime
    received_at: dt.datetime
    reserved_by: str | None
    reserved_until: dt.datetime | None
    erp_number: str | None
    superseded_by: str | None
    body: str
    """The body as canonical JSON."""


def list_parked(
    session: Session,
    *,
    now: dt.datetime,
    owner: str | None = None,
    error_class: str | None = None,
    rep: str | None = None,
    limit: int = 100,
) -> list[ParkedDocument]:
    """Return what is parked, that which has waited longest first; at most *limit*, only those that fit."""
    statement = (
        select(Submission)
        .where(Submission.state == State.PARKED.value)
        .order_by(Submission.updated_at, Submission.seq)
    )
    if rep is not None:
        statement = statement.where(Submission.rep == rep)
    found: list[ParkedDocument] = []
    for row in session.scalars(statement):
        one = to_view(row, now)
        if owner in (None, one.owner) and error_class in (None, one.error_class):
            found.append(one)
        if len(found) == limit:
            break
    return found


def to_view(row: Submission, now: dt.datetime) -> ParkedDocument:
    """Return *row* as the office sees it."""
    holder, waits = current_holder(row, now), row.state == State.PARKED
    return ParkedDocument(
        id=row.id,
        kind=row.kind,
        title=title_of(row),
        rep=row.rep,
        state=row.state,
        decision=row.decision,
        error_class=class_of(row) if waits else None,
        owner=owner_of(row) if waits else None,
        reason=row.reason or "",
        raw=row.raw_reason,
        # The ERP decides on what it has on hold; where the connector knows how, the office is told.
        advice=advice_for(row) if waits else row.advice if row.state == State.ON_HOLD else None,
        since=row.updated_at,
        received_at=row.received_at,
        reserved_by=holder,
        reserved_until=row.reserved_until if holder else None,
        erp_number=row.erp_number,
        superseded_by=row.superseded_by,
        body=row.body,
    )
