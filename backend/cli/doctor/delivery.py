"""`satchel doctor` on forwarding: holds, open breakers, and the result of the last reconciliation."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import ERROR, OK, WARNING, Finding
from backend.delivery import sending_hold
from backend.delivery.models import Breaker
from backend.delivery.reconciliation.report import SENT, newest
from backend.inbox.models import Submission
from sync_protocol.local_time import local_time

LATE = dt.timedelta(days=2)
"""A reconciliation is due every day; one missed day may be a restart."""
PROBLEMS = ("missing", "doubled", "differing")
SHOWN = ("sent", "found", *PROBLEMS, "unchecked")
SHOW_REPORT = "`satchel delivery reconcile --report`"
CHECK_WORKER = "the worker reconciles every day: check that one runs"


def examine_delivery(session: Session, now: dt.datetime) -> Iterator[Finding]:
    """Yield the findings about sending to the ERP."""
    for hold in sending_hold.all_in_force(session):
        yield Finding(ERROR, "forwarding", hold.message, sending_hold.NEXT_STEP)
    for breaker in session.scalars(select(Breaker).where(Breaker.opened_at.is_not(None))):
        since = local_time(breaker.opened_at) if breaker.opened_at else "?"
        yield Finding(
            ERROR,
            "forwarding",
            f"stopped since {since}: {breaker.reason}",
            "correct it in the ERP or the settings; forwarding then resumes automatically",
        )
    yield from _reconciliation(session, now)


def _reconciliation(session: Session, now: dt.datetime) -> Iterator[Finding]:
    last = next(iter(newest(session, 1)), None)
    if last is None or last.ended_at is None:
        old = select(exists().where(Submission.state.in_(SENT), Submission.updated_at < now - LATE))
        if session.scalar(old):
            yield Finding(WARNING, "reconciliation", "no reconciliation with the ERP yet", CHECK_WORKER)
        return
    counts = ", ".join(f"{last.counts[name]} {name}" for name in SHOWN)
    message = f"{local_time(last.ended_at)}: {counts}"
    if any(last.counts[name] for name in PROBLEMS):
        yield Finding(WARNING, "reconciliation", message, SHOW_REPORT)
    elif now - last.ended_at > LATE:
        yield Finding(WARNING, "reconciliation", f"the last one was on {message}", CHECK_WORKER)
    else:
        yield Finding(OK, "reconciliation", message)
