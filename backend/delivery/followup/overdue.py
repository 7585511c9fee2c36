"""Overdue: give a reason and an owner to documents that have waited for a day. Nothing is sent."""

import datetime as dt
import logging
from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.delivery import breaker, sending_hold
from backend.delivery.queue.dependencies import blocking_dependency
from backend.delivery.transition import MAX_REASON
from backend.erp.errors import ErrorClass
from backend.inbox.models import Submission
from backend.inbox.records import queue_record
from backend.receipts.receipts import missing
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
            lacking = missing(session, row.rep, row.needs) if row.state == State.RECEIVED else []
            owner_and_reason = _reason(session, row, lacking, kinds, stopped)
            if owner_and_reason is None:
                continue
            row.owner, row.reason = owner_and_reason[0], owner_and_reason[1][:MAX_REASON]
            row.updated_at = now
            log.warning("%s: %s", row.id, row.reason)
            queue_record(session, row, lacking)
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
    session: Session, row: Submission, lacking: list[str], kinds: Collection[str], stopped: bool
) -> tuple[str, str] | None:
    """Return who must act on *row*, and why; None if nobody needs to act."""
    if row.state == State.HANDED_OVER:
        return "office", f"Handed over on {_at(row.updated_at)}; the ERP has not answered yet"
    if row.state == State.RECEIVED:
        return _without_receipts(row, lacking)
    if row.kind not in kinds:
        return "it", "The connector does not support this kind of document"
    dependency = blocking_dependency(session, row)
    if dependency is not None:
        # `acquire` recognizes this sentence and keeps it.
        reason, needs_person = dependency
        return "office", reason if needs_person else f"{reason} since {_at(row.updated_at)}"
    if row.first_failed_at is not None and row.error_class == ErrorClass.TRANSIENT.value:
        return "office", f"The ERP has not accepted it since {_at(row.first_failed_at)}: {row.reason}"
    if stopped:
        return "it", f"It has waited since {_at(row.updated_at)} because sending to the ERP is stopped"
    return "office", f"It has been queued since {_at(row.updated_at)} and has not been sent yet"


def _without_receipts(row: Submission, lacking: list[str]) -> tuple[str, str] | None:
    if not lacking:
        return None
    receipts = "One of its receipts has" if len(lacking) == 1 else f"{len(lacking)} of its receipts have"
    return "rep", (
        f"{receipts} not arrived since {_at(row.received_at)}: open the app while it is online, so that it can "
        "send what is missing, or send the document again without it"
    )


def _at(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
