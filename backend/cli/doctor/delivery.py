"""What doctor finds about forwarding: holds, breakers, and what the last reconciliation said."""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import BAD, GOOD, WARN, Finding
from backend.delivery import sending_hold
from backend.delivery.models import Breaker
from backend.delivery.reconciliation.reconcile import SENT
from backend.delivery.reconciliation.report import newest
from backend.inbox.models import Submission

LATE = dt.timedelta(days=2)
WRONG = ("missing", "doubled", "differing")
TOLD = ("sent", "found", *WRONG, "unclear")
REPORT = "`satchel delivery reconcile --report`"


def examine_delivery(session: Session, now: dt.datetime) -> Iterator[Finding]:
    """Yield the findings about what is sent to the ERP."""
    for held in sending_hold.all_in_force(session):
        yield Finding(BAD, "forwarding", held.message, sending_hold.NEXT_STEP)
    for breaker in session.scalars(select(Breaker).where(Breaker.opened_at.is_not(None))):
        yield Finding(
            BAD,
            "forwarding",
            f"stopped since {breaker.opened_at:%Y-%m-%d %H:%M}: {breaker.reason}",
            "mend it in the ERP or the settings; it goes on by itself",
        )
    yield from _reconciled(session, now)


def _reconciled(session: Session, now: dt.datetime) -> Iterator[Finding]:
    last = next(iter(newest(session, 1)), None)
    if last is None or last.ended_at is None:
        old = select(exists().where(Submission.state.in_(SENT), Submission.updated_at < now - LATE))
        if session.scalar(old):
            words = "the ERP was never asked for what it must have"
            yield Finding(WARN, "reconciliation", words, "the worker does it: does one run?")
        return
    counts = last.counts
    told = ", ".join(f"{counts[name]} {name}" for name in TOLD)
    words = f"{last.ended_at:%Y-%m-%d %H:%M}: {told}"
    if any(counts[name] for name in WRONG):
        yield Finding(WARN, "reconciliation", words, REPORT)
    elif now - last.ended_at > LATE:
        advice = "the worker does it every day: does one run?"
        yield Finding(WARN, "reconciliation", f"the last was on {words}", advice)
    else:
        yield Finding(GOOD, "reconciliation", words)
