"""Claims: which submission is next, and whose it is for a while.

A row is claimed with a lease (until when) and a fence (a number that each claim raises). Whoever comes
back after another has claimed the row finds a higher fence and changes nothing.
"""

import datetime as dt
import logging
from collections.abc import Collection, Iterable

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend.database.core import UtcDateTime
from backend.database.locks import try_advisory_lock
from backend.delivery import attempts
from backend.delivery.attempts import Step
from backend.delivery.park_reasons import PARK_REASONS, POISON
from backend.delivery.queue.concurrency import lock_counter
from backend.delivery.queue.dependencies import blocking_dependency
from backend.delivery.queue.lease import Lease
from backend.delivery.queue.ordering import candidates, is_next
from backend.delivery.settle import tell
from backend.feed.customer_merges import target_of
from backend.inbox.models import Submission
from backend.inbox.submissions import move
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.order import BY_CUSTOMER
from sync_protocol.submission import State

log = logging.getLogger(__name__)

MAX_UNFINISHED_LEASES = 3
"""A document that was claimed so often without being settled is not tried again by itself."""
RECHECK_AFTER = dt.timedelta(seconds=60)
"""How soon a document is looked at again that waits for another one; an acceptance wakes it earlier."""

_MAX_EXPIRED = 200
# Every claim asks these, and building a statement takes longer than running it.
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
        Submission.id == bindparam("mine"),
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
    connector: str | None = None,
    also: Iterable[Submission] = (),
) -> Lease | None:
    """Claim the submission that has been due longest and is next in its order key, or return None.

    Publishes the fates it changes, so it is the transaction's last act. Rows whose lease has run out
    become unknown first, due when *quiet_seconds* have passed since they were sent (at once for kinds
    whose key the ERP enforces). Rows that wait for another document are told so and come back later.
    None is returned too while *writers* documents are on their way already (None: there is no such limit).
    With the name of a *connector* the look for our key, which comes first, is written down with the claim.
    *also* are rows that the transaction has changed before, to be published with these.
    """
    if max_in_flight is not None:
        lock_counter(session)
    touched = [*also, *_expire_leases(session, now, worker, quiet_seconds, enforces_key)]
    mine: Lease | None = None
    for id in candidates(session, now, kinds, max_in_flight):
        row = _lock(session, id, now)
        if row is None or not is_next(session, row):
            continue
        hindrance = blocking_dependency(session, row)
        if hindrance is not None and row.state == State.QUEUED:
            touched += _postpone(row, *hindrance, now)
            continue
        touched.append(row)
        if row.unfinished_leases >= MAX_UNFINISHED_LEASES:
            _park_poison(session, row, now, worker)
            continue
        mine = _lease_row(session, row, now, worker, lease_seconds, connector)
        break
    session.flush()
    tell(session, touched)
    return mine


def _expire_leases(
    session: Session, now: dt.datetime, worker: str, quiet_seconds: float, enforces_key: Collection[str]
) -> list[Submission]:
    expired = session.scalars(_EXPIRED, {"now": now}).all()
    for row in expired:
        log.warning("%s: %s has not reported back", row.id, row.lease_owner)
        note = f"{row.lease_owner} has not reported back"
        row.due_at = now
        if row.last_sent_at is not None:
            row.reason = "It was sent, but the answer did not come back; the ERP will be asked"
            if row.kind not in enforces_key:
                row.due_at = max(now, row.last_sent_at + dt.timedelta(seconds=quiet_seconds))
        move(session, row, State.UNKNOWN, now=now, actor=f"worker:{worker}", note=note)
    return list(expired)


def _lock(session: Session, id: str, now: dt.datetime) -> Submission | None:
    """Hold the row and its order key until the commit; None if somebody else has either, or it changed."""
    row = session.scalars(_DUE_ROW, {"mine": id, "now": now}).one_or_none()
    if row is not None and row.order_key.startswith(BY_CUSTOMER):
        # The customer may have been merged into another after it came, or while somebody else wrote to it.
        row.order_key = BY_CUSTOMER + target_of(session, row.order_key.removeprefix(BY_CUSTOMER))
    if row is None:
        return None
    return row if try_advisory_lock(session, f"delivery/{row.order_key}") else None


def _postpone(row: Submission, reason: str, needs_person: bool, now: dt.datetime) -> list[Submission]:
    row.due_at = now + RECHECK_AFTER
    owner = "office" if needs_person else None
    if (row.reason, row.owner) == (reason, owner):
        return []
    if not needs_person and row.owner == "office" and (row.reason or "").startswith(f"{reason} since "):
        # The office has been told that it waits too long; that stays true until something moves.
        return []
    row.reason, row.owner, row.updated_at = reason, owner, now
    return [row]


def _park_poison(session: Session, row: Submission, now: dt.datetime, worker: str) -> None:
    row.owner, row.error_class = PARK_REASONS[POISON].owner, POISON
    row.reason = f"{row.unfinished_leases} attempts to send it were interrupted before the ERP replied"
    row.raw_reason = f"look for {row.id} in the ERP before sending it again; the workers' logs say more"
    move(session, row, State.PARKED, now=now, actor=f"worker:{worker}", note=row.reason)
    row.unfinished_leases = 0


def _lease_row(
    session: Session,
    row: Submission,
    now: dt.datetime,
    worker: str,
    lease_seconds: float,
    connector: str | None,
) -> Lease:
    row.fence += 1
    row.unfinished_leases += 1
    row.lease_owner = worker
    row.lease_until = now + dt.timedelta(seconds=lease_seconds)
    move(session, row, State.SENDING, now=now, actor=f"worker:{worker}")
    attempt = None
    # An aggregated kind has no key of its own in the ERP to be asked for.
    if connector is not None and not (row.kind in KINDS and KINDS[row.kind].aggregated):
        attempt = attempts.write(
            session, row.id, Step.FIND, fence=row.fence, worker=worker, connector=connector, now=now
        )
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
        attempt=attempt,
    )
