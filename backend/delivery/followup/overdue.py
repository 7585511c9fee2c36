"""Overdue: give a reason and an owner to documents that have waited for a day. Nothing is sent."""

import datetime as dt
import logging
from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.delivery import breaker, sending_hold
from backend.delivery.erp_response import not_accepted_since
from backend.delivery.queue.dependencies import blocking_dependency
from backend.erp.errors import ErrorClass
from backend.inbox.models import Submission
from backend.inbox.settle import explain
from backend.inbox.submissions import may_be_in_erp
from backend.receipts.receipts import Needs, unusable
from sync_protocol.local_time import local_time
from sync_protocol.sentence import sentence
from sync_protocol.submission import State

log = logging.getLogger(__name__)

OVERDUE = dt.timedelta(days=1)
"""After this time without a change of state a document gets an owner."""
_BATCH = 50


def flag_overdue(sessions: Sessions, connector: str, *, now: dt.datetime, kinds: Collection[str]) -> int:
    """Give a reason and an owner to documents whose state is a day old; return how many got one.

    Those are documents that wait for a receipt or for the ERP's acknowledgement, and queued ones.

    Args:
        kinds: the kinds that *connector* can forward.
    """
    with sessions() as session, session.begin():
        stopped = breaker.is_open(session, connector) or sending_hold.in_force(session) is not None
        flagged = 0
        for row in _overdue(session, now - OVERDUE):
            receipts = unusable(session, row.rep, row.needs) if row.state == State.RECEIVED else Needs()
            owner_and_reason = _reason(session, row, receipts, kinds, stopped)
            if owner_and_reason is None:
                continue
            owner, reason = owner_and_reason
            explain(session, row, reason, owner=owner, now=now, lacking=receipts.missing)
            log.warning("%s: %s", row.id, row.reason)
            flagged += 1
        return flagged


def _overdue(session: Session, old: dt.datetime) -> list[Submission]:
    state = Submission.state
    return list(
        session.scalars(
            select(Submission)
            .where(
                Submission.owner.is_(None),
                or_(
                    (state == State.HANDED_OVER.value) & (Submission.updated_at <= old),
                    (state == State.RECEIVED.value) & (Submission.received_at <= old),
                    # Each try updates the row, so a document that keeps failing counts from its first failure.
                    (state == State.QUEUED.value)
                    & ((Submission.updated_at <= old) | (Submission.first_failed_at <= old)),
                ),
            )
            .order_by(Submission.seq)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
    )


def _reason(
    session: Session, row: Submission, receipts: Needs, kinds: Collection[str], stopped: bool
) -> tuple[str, str] | None:
    """Return who must act on *row*, and why; None if nobody needs to act."""
    if row.state == State.HANDED_OVER:
        return "office", sentence("handed_over_on", moment=local_time(row.updated_at))
    if row.state == State.RECEIVED and may_be_in_erp(row):
        since = local_time(row.received_at)
        if stopped:
            return "it", sentence("unchecked_since_stopped", moment=since)
        return "office", sentence("unchecked_since", moment=since)
    if row.state == State.RECEIVED:
        return _without_receipts(row, receipts)
    if row.kind not in kinds:
        return "it", sentence("kind_not_received")
    dependency = blocking_dependency(session, row)
    if dependency is not None:
        # `acquire` recognizes this sentence and keeps it.
        reason, needs_person = dependency
        if needs_person:
            return "office", reason
        return "office", sentence("since", sentence=reason, moment=local_time(row.updated_at))
    if row.first_failed_at is not None and row.error_class == ErrorClass.TRANSIENT.value:
        return "office", not_accepted_since(row.first_failed_at)
    if stopped:
        return "it", sentence("stopped_since", moment=local_time(row.updated_at))
    return "office", sentence("queued_since", moment=local_time(row.updated_at))


def _without_receipts(row: Submission, receipts: Needs) -> tuple[str, str] | None:
    since = local_time(row.received_at)
    if not receipts.missing:
        unchecked = sentence("receipts_unchecked_since", moment=since)
        return ("it", unchecked) if receipts.unchecked else None
    count = len(receipts.missing)
    if count == 1:
        return "rep", sentence("receipt_not_arrived", moment=since)
    return "rep", sentence("receipts_not_arrived", count=count, moment=since)
