"""What the office sees of parked documents: whose each is, why, in whose words, and what to do."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.delivery.park_reasons import class_of, fix_of, owner_of
from backend.inbox.models import Submission
from backend.inbox.submissions import title_of
from backend.office.action import holder_of
from sync_protocol.submission import State


@dataclass(frozen=True)
class Parked:
    """One document that waits for somebody."""

    id: str
    kind: str
    title: str
    rep: str
    state: str
    decision: str | None
    error_class: str | None
    """A key of `backend.delivery.park_reasons.CAUSES`; like owner and advice, None for what is not parked."""
    owner: str | None
    reason: str
    """Plain words."""
    raw: str | None
    """The ERP's own words."""
    fix: str | None
    """What to do, of what is parked or on hold."""
    since: dt.datetime
    received_at: dt.datetime
    taken_by: str | None
    taken_until: dt.datetime | None
    erp_number: str | None
    superseded_by: str | None
    body: str
    """The body as canonical JSON."""


def parked(
    session: Session,
    *,
    now: dt.datetime,
    owner: str | None = None,
    error_class: str | None = None,
    rep: str | None = None,
    limit: int = 100,
) -> list[Parked]:
    """Return what is parked, that which has waited longest first; at most *limit*, only those that fit."""
    statement = (
        select(Submission)
        .where(Submission.state == State.PARKED.value)
        .order_by(Submission.updated_at, Submission.seq)
    )
    if rep is not None:
        statement = statement.where(Submission.rep == rep)
    found: list[Parked] = []
    for row in session.scalars(statement):
        one = as_parked(row, now)
        if owner in (None, one.owner) and error_class in (None, one.error_class):
            found.append(one)
        if len(found) == limit:
            break
    return found


def as_parked(row: Submission, now: dt.datetime) -> Parked:
    """Return *row* as the office sees it."""
    holder, waits = holder_of(row, now), row.state == State.PARKED
    return Parked(
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
        fix=fix_of(row) if waits else row.fix if row.state == State.ON_HOLD else None,
        since=row.updated_at,
        received_at=row.received_at,
        taken_by=holder,
        taken_until=row.taken_until if holder else None,
        erp_number=row.erp_number,
        superseded_by=row.superseded_by,
        body=row.body,
    )
