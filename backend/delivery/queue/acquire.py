"""Acquire: choose the submission to send next, and lease it to a worker.

A lease has an end and a fence, a number that each new lease raises. A worker that returns after another one has
leased the row finds a higher fence and changes nothing.
"""

import datetime as dt
import logging
from collections.abc import Callable, Collection, Iterator

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.orm import Session

from backend import metrics
from backend.database.core import UtcDateTime, after_commit
from backend.database.locks import try_advisory_lock
from backend.delivery.park_reasons import NO_ANSWER, PARK_REASONS, POISON
from backend.delivery.queue.candidate import Candidate, first_candidate, key_lock, look_at_key, rep_info
from backend.delivery.queue.concurrency import lock_counter
from backend.delivery.queue.dependencies import RECHECK_AFTER, blocking_dependency
from backend.delivery.queue.lease import Lease
from backend.delivery.queue.ordering import candidates, is_next
from backend.feed.customer_merges import surviving_customer
from backend.identity.models import Rep
from backend.inbox.models import Submission
from backend.inbox.settle import explain, settle
from backend.inbox.state_change import StateChange
from backend.inbox.written import Beside
from sync_protocol.catalogue.order import BY_CUSTOMER
from sync_protocol.submission import State

log = logging.getLogger(__name__)

MAX_UNFINISHED_LEASES = 3
"""A document whose lease ended so often without an answer is parked instead of leased again."""

SENDING = Submission.state == literal_column(f"'{State.SENDING.value}'")
"""A literal: with a parameter the planner cannot tell that the partial index on leased rows fits."""
FirstAttempt = Callable[[Submission], Beside | None]

_MAX_EXPIRED = 200
# Every worker runs these for every document, and building a statement takes longer than running it.
_EXPIRED = (
    select(Submission)
    .where(
        SENDING,
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
_REP = select(Rep.name, Rep.employee_number).where(Rep.id == bindparam("rep"))


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
    first_attempt: FirstAttempt = lambda row: None,
    expired: bool = True,
) -> Lease | None:
    """Lease the submission that is next in its order key and has been due longest; None if there is none.

    First, rows whose lease has ended become `unknown`. They are due *quiet_seconds* after they were sent; at
    once if their kind is in *enforces_key*. Rows that wait for another document get the reason and a later due
    time.

    Args:
        worker: written into the row and its history.
        kinds: the kinds that the connector can forward.
        max_in_flight: lease nothing while so many documents are being sent; None means no limit.
        first_attempt: returns what is written down in the statement that leases a row, None for nothing; what
            that returns becomes `Lease.first_attempt`.
        expired: False if it is known that no lease has ended.
    """
    if max_in_flight is not None:
        lock_counter(session)
    if expired:
        _expire_leases(session, now, worker, quiet_seconds, enforces_key)
    for candidate in _locked_candidates(session, now, kinds, max_in_flight):
        row = candidate.row
        if not _is_next(session, candidate):
            continue
        # A document that the ERP may have is looked up there whatever it depends on.
        dependency = blocking_dependency(session, row) if row.state == State.QUEUED else None
        if dependency is not None:
            _postpone(session, row, *dependency, now)
            continue
        if row.unfinished_leases >= MAX_UNFINISHED_LEASES:
            _park_poison(session, row, now, worker)
            continue
        return _lease_row(session, candidate, now, worker, lease_seconds, first_attempt)
    return None


def _expire_leases(
    session: Session, now: dt.datetime, worker: str, quiet_seconds: float, enforces_key: Collection[str]
) -> None:
    for row in session.scalars(_EXPIRED, {"now": now}).all():
        log.warning("%s: %s has not reported back", row.id, row.lease_owner)
        # Not before: if this transaction is aborted, another one takes the same lease back.
        after_commit(session, metrics.LEASES_EXPIRED.inc)
        reason, due_at = None, now
        if row.last_sent_at is not None:
            reason = NO_ANSWER
            if row.kind not in enforces_key:
                due_at = max(now, row.last_sent_at + dt.timedelta(seconds=quiet_seconds))
        change = StateChange.lease_expired(row, reason=reason, due_at=due_at)
        settle(session, row, change, now=now, actor=f"worker:{worker}")


def _locked_candidates(
    session: Session, now: dt.datetime, kinds: Collection[str], max_in_flight: int | None
) -> Iterator[Candidate]:
    """Yield what may be sent, its row and its order key locked: first the one that has been due longest.

    That one is found and locked in one statement, and it is nearly always the one that is leased.
    """
    first = first_candidate(session, now, kinds, max_in_flight)
    if first is None:
        return
    if first.key_is_locked:
        yield first
    for id in candidates(session, now, kinds, max_in_flight):
        if id != first.row.id and (candidate := _lock(session, id, now)) is not None:
            yield candidate


def _lock(session: Session, id: str, now: dt.datetime) -> Candidate | None:
    """Lock the row and its order key until the commit; None if either is locked, or the row has changed."""
    row = session.scalars(_DUE_ROW, {"submission": id, "now": now}).one_or_none()
    if row is None or not try_advisory_lock(session, key_lock(row.order_key)):
        return None
    rep = session.execute(_REP, {"rep": row.rep}).one_or_none() or (None, None)
    return Candidate(row, rep_info(row, *rep), key_is_locked=True)


def _is_next(session: Session, candidate: Candidate) -> bool:
    """Say whether no other row of the order key must reach the ERP before the candidate's.

    The customer may have been merged after the row arrived, or while another transaction had locked the row:
    then the order key is that of the surviving customer.
    """
    row = candidate.row
    key = look_at_key(session, row)
    if key.current_customer is None and row.order_key.startswith(BY_CUSTOMER):
        target = BY_CUSTOMER + surviving_customer(session, row.order_key.removeprefix(BY_CUSTOMER))
        if target != row.order_key:
            row.order_key = target
            return try_advisory_lock(session, key_lock(target)) and is_next(session, row)
    candidate.current_customer = key.current_customer
    return not key.has_earlier or is_next(session, row)


def _postpone(session: Session, row: Submission, reason: str, needs_person: bool, now: dt.datetime) -> None:
    row.due_at = now + RECHECK_AFTER
    owner = "office" if needs_person else None
    if (row.reason, row.owner) == (reason, owner):
        return
    if not needs_person and row.owner == "office" and (row.reason or "").startswith(f"{reason} since "):
        # `flag_overdue` has told the office that it waits too long. That stays true until the state changes.
        return
    explain(session, row, reason, owner=owner, now=now)


def _park_poison(session: Session, row: Submission, now: dt.datetime, worker: str) -> None:
    change = StateChange.interrupted(row, error_class=POISON, owner=PARK_REASONS[POISON].owner)
    settle(session, row, change, now=now, actor=f"worker:{worker}")


def _lease_row(
    session: Session,
    candidate: Candidate,
    now: dt.datetime,
    worker: str,
    lease_seconds: float,
    first_attempt: FirstAttempt,
) -> Lease:
    row = candidate.row
    row.fence += 1
    # Counted now and not when it fails: a worker that the document kills cannot count any more.
    row.unfinished_leases += 1
    row.lease_owner = worker
    row.lease_until = now + dt.timedelta(seconds=lease_seconds)
    change, beside = StateChange.leased(row), first_attempt(row)
    attempt = settle(session, row, change, now=now, actor=f"worker:{worker}", beside=beside)
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
        rep=candidate.rep,
        current_customer=candidate.current_customer,
        first_attempt=attempt,
    )
