"""Documents that wait for receipts: decided about once each receipt is stored and checked, or refused."""

import datetime as dt
import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.feed.changes import MAX_CHANGES
from backend.inbox import supersession
from backend.inbox.models import Submission
from backend.inbox.restored import newest_loss
from backend.inbox.settle import explain, settle
from backend.inbox.state_change import StateChange
from backend.receipts.faults import receipt_faults
from backend.receipts.receipts import unusable
from sync_protocol.fault_sentence import fault_sentences
from sync_protocol.submission import State

MAX_SCANNED = MAX_CHANGES // 2
"""Most documents that one call looks at; one transaction publishes no more."""
_WAITING = (Submission.state == State.RECEIVED.value, Submission.last_sent_at.is_(None))
"""A document that is checked with the ERP waits for more than its receipts."""


def receipts_arrived(session: Session, *, rep_id: str, sha256: str, now: dt.datetime) -> list[str]:
    """Decide about the documents of *rep_id* that waited for the receipt *sha256*: it arrived or was checked.

    Return the ids that are queued now. A document whose receipt was refused is rejected.
    """
    newest_loss(session, now)
    # A concurrent push of the same rep may withdraw several of them, in any order.
    supersession.lock_rep(session, rep_id)
    ref = f"sha256:{sha256}"
    citing = [s for s in _waiting(session, rep_id) if ref in s.needs]
    # One transaction publishes no more; `requeue_complete` does the rest.
    return _requeue(session, citing[: MAX_CHANGES // 2], now)


def requeue_complete(session: Session, now: dt.datetime, *, after: str = "") -> str:
    """Decide about documents that still wait although all their receipts are checked.

    A receipt and the expense claim that cites it may arrive at the same time, in two transactions that do not
    see each other. The worker calls this periodically, and each call looks at the next `MAX_SCANNED` documents:
    those with an id above *after*. It returns the *after* of the next call, and "" at the end.
    """
    newest_loss(session, now)
    # Neither locked nor with their bodies: thousands may wait for a phone that is switched off.
    scanned = session.execute(
        select(Submission.id, Submission.rep, Submission.needs)
        .where(*_WAITING, Submission.id > after)
        .order_by(Submission.id)
        .limit(MAX_SCANNED)
    ).all()
    complete = [row.id for row in scanned if not unusable(session, row.rep, row.needs).waiting]
    locked = select(Submission).where(*_WAITING, Submission.id.in_(complete)).order_by(Submission.id)
    if complete:
        _requeue(session, list(session.scalars(locked.with_for_update(skip_locked=True))), now)
    return scanned[-1].id if len(scanned) == MAX_SCANNED else ""


def _waiting(session: Session, rep: str) -> list[Submission]:
    statement = select(Submission).where(*_WAITING, Submission.rep == rep).order_by(Submission.id)
    return list(session.scalars(statement.with_for_update()))


def _requeue(session: Session, waiting: list[Submission], now: dt.datetime) -> list[str]:
    queued = []
    for submission in waiting:
        receipts = unusable(session, submission.rep, submission.needs)
        faults = receipt_faults(json.loads(submission.body), receipts.refused)
        if faults:
            reason = fault_sentences((fault.field, fault.message) for fault in faults)
            change = StateChange.receipt_refused(submission, reason, faults)
            settle(session, submission, change, now=now, actor="server")
        elif receipts.waiting:
            owner, lacking = submission.owner, receipts.missing
            explain(session, submission, receipts.waiting, owner=owner, now=now, lacking=lacking)
        else:
            actor = f"device:{submission.device}"
            settle(session, submission, StateChange.receipts_complete(submission), now=now, actor=actor)
            queued.append(submission.id)
    return queued
