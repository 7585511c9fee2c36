"""Misdated: what is due at a time that was computed while this server's clock was ahead.

A document that was tried while the clock said 2036 would wait until 2036 once the clock is right again; so
would the next probe of an ERP that did not answer, and an alert. No wait is as long as `LONGEST_WAIT`, so what
is due later than that is due now. A document that becomes due too early is looked up in the ERP before it is
sent.
"""

import datetime as dt
import logging
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import InstrumentedAttribute

from backend.database.core import Sessions, execute_counted
from backend.delivery.models import Alert, Breaker, ReuseAlert
from backend.inbox.models import Submission
from backend.receipts.models import Receipt
from backend.watchdog.models import WorkerAlert
from sync_protocol.submission import State

log = logging.getLogger(__name__)

LONGEST_WAIT = dt.timedelta(days=7)
"""An ERP may ask for a pause of a day; waits of our own are shorter."""
_WAITING = tuple(
    state.value for state in (State.RECEIVED, State.QUEUED, State.UNKNOWN, State.ON_HOLD, State.PARKED)
)


def make_misdated_due(sessions: Sessions, now: dt.datetime) -> int:
    """Set what is due later than `LONGEST_WAIT` from *now* to *now*; return how many times were wrong."""
    times: tuple[tuple[str, InstrumentedAttribute[Any], tuple[Any, ...]], ...] = (
        ("documents", Submission.due_at, (Submission.state.in_(_WAITING),)),
        ("leases", Submission.lease_until, (Submission.state == State.SENDING.value,)),
        ("checks of receipts", Receipt.check_due_at, ()),
        ("probes of the ERP", Breaker.probe_at, ()),
        ("alerts", Alert.due_at, (Alert.state == "due",)),
        ("alerts about workers", WorkerAlert.due_at, (WorkerAlert.state == "due",)),
        ("alerts about tokens", ReuseAlert.due_at, (ReuseAlert.state == "due",)),
    )
    total = 0
    with sessions() as session, session.begin():
        for what, due, conditions in times:
            count = execute_counted(
                session,
                update(due.class_).where(due > now + LONGEST_WAIT, *conditions).values({due.key: now}),
            )
            if count:
                log.warning("%d %s were due in more than a week, because the clock was wrong", count, what)
            total += count
    return total
