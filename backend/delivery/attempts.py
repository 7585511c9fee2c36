"""Attempts: every call to the ERP is on disk before it is made."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.delivery.claims import Claim
from backend.delivery.fates import MOST_RAW
from backend.inbox.models import Attempt, Submission
from sync_protocol.submission import State


class Step(StrEnum):
    """What is asked of the ERP."""

    FIND = "find"
    CREATE = "create"
    ADVANCE = "advance"
    UPSERT = "upsert"


class LostClaim(Exception):
    """Somebody else has claimed the submission meanwhile: let go of it, and change nothing."""


def held(session: Session, claim: Claim) -> Submission:
    """Return the claimed row, locked; raises `LostClaim` if the claim is not the newest any more."""
    row = session.scalars(
        select(Submission)
        .where(
            Submission.id == claim.id,
            Submission.fence == claim.fence,
            Submission.state == State.SENDING.value,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise LostClaim(claim.id)
    return row


def begin(session: Session, claim: Claim, step: Step, connector: str, now: dt.datetime) -> int:
    """Write down that *step* is about to be asked; return the attempt's number. Raises `LostClaim`.

    It is also the sign of life that renews the lease, and from here on, unless it only looks, the ERP
    may have the document.
    """
    row = held(session, claim)
    row.lease_until = now + dt.timedelta(seconds=claim.lease_seconds)
    if step is not Step.FIND:
        row.last_sent_at = now
    attempt = Attempt(
        submission_id=claim.id,
        fence=claim.fence,
        worker=claim.worker,
        connector=connector,
        step=step.value,
        started_at=now,
    )
    session.add(attempt)
    session.flush()
    return attempt.id


def finish(session: Session, attempt: int, outcome: str, detail: str | None, now: dt.datetime) -> None:
    """Write down how *attempt* ended, also for a worker that has lost its claim: it happened."""
    session.execute(
        update(Attempt)
        .where(Attempt.id == attempt)
        .values(ended_at=now, outcome=outcome, detail=detail[:MOST_RAW] if detail else None),
        execution_options={"synchronize_session": False},
    )


def count(session: Session, id: str, outcome: str) -> int:
    """Return how many attempts at the submission *id* ended as *outcome*."""
    return (
        session.scalar(select(func.count()).where(Attempt.submission_id == id, Attempt.outcome == outcome)) or 0
    )
