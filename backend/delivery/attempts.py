"""Attempts: every call to the ERP is on disk before it is made."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from backend.database.core import table_of
from backend.delivery.queue.lease import Lease, LeaseLost
from backend.delivery.transition import MAX_RAW
from backend.inbox.models import Attempt, HistoryEntry, Submission
from sync_protocol.submission import State


class Step(StrEnum):
    """What is asked of the ERP."""

    FIND = "find"
    CREATE = "create"
    ADVANCE = "advance"
    UPSERT = "upsert"


# Each document meets these several times, and building a statement takes longer than running it.
_SUBMISSION, _ATTEMPT = table_of(Submission), table_of(Attempt)
_NEWEST = and_(
    _SUBMISSION.c.id == bindparam("mine"),
    _SUBMISSION.c.fence == bindparam("by_fence"),
    _SUBMISSION.c.state == State.SENDING.value,
)
_RENEW = update(_SUBMISSION).where(_NEWEST).values(lease_until=bindparam("until")).returning(_SUBMISSION.c.id)
_RENEW_SENDING = _RENEW.values(last_sent_at=bindparam("now"))
_INSERT = insert(_ATTEMPT).returning(_ATTEMPT.c.id)
_FINISH = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.id == bindparam("attempt"))
    .values(ended_at=bindparam("now"), outcome=bindparam("end"), detail=bindparam("said"))
)
_HELD = select(Submission).where(_NEWEST).with_for_update().execution_options(populate_existing=True)


def lock_leased_row(session: Session, claim: Lease) -> Submission:
    """Return the claimed row, locked; raises `LostClaim` if the claim is not the newest any more."""
    row = session.scalars(_HELD, {"mine": claim.id, "by_fence": claim.fence}).one_or_none()
    if row is None:
        raise LeaseLost(claim.id)
    return row


def begin(session: Session, lease: Lease, step: Step, connector: str, now: dt.datetime) -> int:
    """Write down that *step* is about to be asked; return the attempt's number. Raises `LostClaim`.

    It is also the sign of life that renews the lease, and from here on, unless it only looks, the ERP
    may have the document.
    """
    until = now + dt.timedelta(seconds=lease.lease_seconds)
    mine = {"mine": lease.id, "by_fence": lease.fence, "until": until}
    sent = {} if step is Step.FIND else {"now": now}
    renewing = _RENEW_SENDING if sent else _RENEW
    if session.connection().execute(renewing, {**mine, **sent}).first() is None:
        raise LeaseLost(lease.id)
    return write(session, lease.id, step, fence=lease.fence, worker=lease.worker, connector=connector, now=now)


def write(
    session: Session, id: str, step: Step, *, fence: int, worker: str, connector: str, now: dt.datetime
) -> int:
    """Write down an attempt at the submission *id* for whoever has just locked it; return its number."""
    attempt = {
        "submission_id": id,
        "fence": fence,
        "worker": worker,
        "connector": connector,
        "step": step.value,
        "started_at": now,
    }
    number: int = session.connection().execute(_INSERT, attempt).scalar_one()
    return number


def finish(session: Session, attempt: int, outcome: str, detail: str | None, now: dt.datetime) -> None:
    """Write down how *attempt* ended, also for a worker that has lost its claim: it happened."""
    said = detail[:MAX_RAW] if detail else None
    session.connection().execute(_FINISH, {"attempt": attempt, "now": now, "said": said, "end": outcome})


def count(session: Session, id: str, outcome: str) -> int:
    """Return how many attempts at the submission *id* ended as *outcome* since it was last somebody else's.

    What a person has decided on, or the ERP has answered, begins anew: what was before has been looked at.
    """
    with_us = [state.value for state in (State.RECEIVED, State.QUEUED, State.SENDING, State.UNKNOWN)]
    elsewhere = (
        select(func.max(HistoryEntry.at))
        .where(HistoryEntry.submission_id == id, HistoryEntry.state.not_in(with_us))
        .scalar_subquery()
    )
    mine = Attempt.submission_id == id, Attempt.outcome == outcome
    counted = select(func.count()).where(*mine, or_(elsewhere.is_(None), Attempt.started_at > elsewhere))
    return session.scalar(counted) or 0
