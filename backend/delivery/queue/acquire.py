"""Acquire: choose the submission to send next, and lease it to a worker.

A lease has an end and a fence, a number that each new lease raises. A worker that returns after another one has
leased the row finds a higher fence and changes nothing.
"""

import datetime as dt
import logging
from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend import metrics
from backend.database.core import UtcDateTime
from backend.database.locks import try_advisory_lock
from backend.delivery.park_reasons import NO_ANSWER, PARK_REASONS, POISON
from backend.delivery.queue.concurrency import lock_counter
from backend.delivery.queue.dependencies import blocking_dependency
from backend.delivery.queue.lease import Lease
from backend.delivery.queue.ordering import candidates, is_next
from backend.feed.customer_merges import surviving_customer
from backend.inbox.models import Submission
from backend.inbox.records import queue_record
from backend.inbox.submissions import move
from sync_protocol.catalogue.order import BY_CUSTOMER
from sync_protocol.submission import State

log = logging.getLogger(__name__)

MAX_UNFINISHED_LEASES = 3
"""A document whose lease ended so often without an answer is parked instead of leased again."""
RECHECK_AFTER = dt.timedelta(seconds=60)
"""How soon a document that waits for another one is looked at again. An acceptance wakes it earlier."""

_MAX_EXPIRED = 200
# Every worker runs these for every document, and building a statement takes longer than running it.
_EXPIRED = (
    select(Submission)
    .where(
        Submission.state == State.SENDING.value,
        Submission.lease_until <= bindparam("now", type_=UtcDateTime),
    )
    .order_by(Submission.seq)
    .limit(_MAX_EXPIRED)
    .with_for_update(skip_locked=True)
)
_DUE_ROW = (
    select(Submission)
    .where(
        Submission.id == bindparam("submission"),
        Submission.state.in_((State.QUEUED.value, State.UNKNOWN.value)),
        Submission.due_at <= bindparam("now", type_=UtcDateTime),
    )
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)


def acquire(
    session: Session,
    *,
    now: dt.datetime,
    worker: str,
    lease_seconds: float,
    kinds: Collection[str],
    quiet_seconds: float = 0.0,
    enforces_key: Collection[str] = (),
    max_in_flight: int | None = None,
) -> Lease | None:
    """Lease the submission that is next in its order key and has been due longest; None if there is none.

    First, rows whose lease has ended become `unknown`. They are due *quiet_seconds* after they were sent; at
    once if their kind is in *enforces_key*. Rows that wait for another document get the reason and a later due
    time.

    Args:
        worker: written into the row and its history.
        kinds: the kinds that the connector can forward.
        max_in_flight: lease nothing while so many documents are being sent; None means no limit.
    """
    if max_in_flight is not None:
        lock_counter(session)
    _expire_leases(session, now, worker, quiet_seconds, enforces_key)
    for id in candidates(session, now, kinds, max_in_flight):
        row = _lock(session, id, now)
        if row is None or not is_next(session, row):
            continue
        dependency = blocking_dependency(session, row)
        if dependency is not None and row.state == State.QUEUED:
            _postpone(session, row, *dependency, now)
            continue
        if row.unfinished_leases >= MAX_UNFINISHED_LEASES:
            _park_poison(session, row, now, worker)
            continue
        return _lease_row(session, row, now, worker, lease_seconds)
    return None


def _expire_leases(
    session: Session, now: dt.datetime, worker: str, quiet_seconds: float, enforces_key: Collection[str]
) -> None:
    for row in session.scalars(_EXPIRED, {"now": now}).all():
        log.warning("%s: %s has not reported back", row.id, row.lease_owner)
        metrics.LEASES_EXPIRED.inc()
        note = f"{row.lease_owner} has not reported back"
        row.due_at = now
        if row.last_sent_at is not None:
            row.reason = NO_ANSWER
            if row.kind not in enforces_key:
                row.due_at = max(now, row.last_sent_at + dt.timedelta(seconds=quiet_seconds))
        move(session, row, State.UNKNOWN, now=now, actor=f"worker:{worker}", note=note)


def _lock(session: Session, id: str, now: dt.datetime) -> Submission | None:
    """Lock the row and its order key until the commit; None if either is locked, or the row has changed."""
    row = session.scalars(_DUE_ROW, {"submission": id, "now": now}).one_or_none()
    if row is not None and row.order_key.startswith(BY_CUSTOMER):
        # The customer may have been merged after it arrived, or while another transaction had locked the row.
        row.order_key = BY_CUSTOMER + surviving_customer(session, row.order_key.removeprefix(BY_CUSTOMER))
    if row is None:
        return None
    return row if try_advisory_lock(session, f"delivery/{row.order_key}") else None


def _postpone(session: Session, row: Submission, reason: str, needs_person: bool, now: dt.datetime) -> None:
    row.due_at = now + RECHECK_AFTER
    owner = "office" if needs_person else None
    if (row.reason, row.owner) == (reason, owner):
        return
    if not needs_person and row.owner == "office" and (row.reason or "").startswith(f"{reason} since "):
        # `flag_overdue` has told the office that it waits too long. That stays true until the state changes.
        return
    row.reason, row.owner, row.updated_at = reason, owner, now
    queue_record(session, row)


def _park_poison(session: Session, row: Submission, now: dt.datetime, worker: str) -> None:
    row.owner, row.error_class = PARK_REASONS[POISON].owner, POISON
    row.reason = f"{row.unfinished_leases} attempts to send it were interrupted before the ERP replied"
    row.raw_reason = f"look for {row.id} in the ERP before sending it again; the workers' logs say more"
    move(session, row, State.PARKED, now=now, actor=f"worker:{worker}", note=row.reason)
    row.unfinished_leases = 0


def _lease_row(session: Session, row: Submission, now: dt.datetime, worker: str, lease_seconds: float) -> Lease:
    row.fence += 1
    # Counted now and not when it fails: a worker that the document kills cannot count any more.
    row.unfinished_leases += 1
    row.lease_owner = worker
    row.lease_until = now + dt.timedelta(seconds=lease_seconds)
    move(session, row, State.SENDING, now=now, actor=f"worker:{worker}")
    return Lease(
        id=row.id,
        kind=row.kind,
        fence=row.fence,
        worker=worker,
        lease_seconds=lease_seconds,
        sent_at=row.last_sent_at,
        tries=row.tries,
        first_failed_at=row.first_failed_at,
        erp_id=row.erp_id,
        row=row,
    )
