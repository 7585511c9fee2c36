"""Data loss: documents that the ERP had and no longer shows. Many mean that an ERP backup was restored.

Restoring an ERP backup removes every document created after it. If at least three documents are missing, and
they are at least half of those sent in that period, sending stops until an operator confirms. The lost
documents are then sent again, exactly once: each is looked up before it is created, as always.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import accumulate

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import sending_hold
from backend.delivery.erp_lookup import look_up
from backend.delivery.reconciliation.reconcile import with_own_document
from backend.delivery.reconciliation.report import SENT, MissingDocument, Report
from backend.delivery.transition import Transition
from backend.erp.errors import ErrorClass
from backend.erp.port import Connector
from backend.identity import audit
from backend.inbox.models import Submission
from backend.inbox.settle import settle
from backend.inbox.state_change import NUMBER_CONFLICT
from backend.inbox.submissions import get
from sync_protocol.catalogue import KINDS
from sync_protocol.document_reference import refers_to
from sync_protocol.sentence import sentence
from sync_protocol.submission import State

MIN_LOST_TOGETHER = 3
"""So many documents that are missing together were not deleted one by one by a person."""
NOT_RESENT = "erp.not_sent_again"
"""In the audit trail: a document that an operator excepts from being sent again."""
RESEND_REASON = sentence("lost_in_erp")


def loss_start(
    session: Session, kinds: Collection[str], missing: Sequence[MissingDocument]
) -> dt.datetime | None:
    """Return when the first of the *missing* documents that a restored backup explains was sent.

    None if no such backup explains them: a document that somebody deleted earlier is alone among others that
    are still there.
    """
    moments = [document.sent_at for document in missing if document.sent_at is not None]
    if len(moments) < MIN_LOST_TOGETHER:
        return None
    sent = session.execute(
        select(Submission.id, Submission.last_sent_at)
        .where(
            Submission.kind.in_(with_own_document(kinds)),
            Submission.state.in_(SENT),
            Submission.last_sent_at.between(min(moments), max(moments)),
        )
        .order_by(Submission.last_sent_at, Submission.seq)
    ).all()
    missing_ids = {document.id for document in missing}
    places = [n for n, row in enumerate(sent) if row.id in missing_ids]
    # From the i-th missing one to the j-th, at least half of all are missing if
    # 2(j - i + 1) >= places[j] - places[i] + 1.
    ends = [2 * j - place for j, place in enumerate(places)]
    best = [*accumulate(reversed(ends), max)][::-1]
    for i, (place, end) in enumerate(zip(places, best[MIN_LOST_TOGETHER - 1 :], strict=False)):
        if end >= 2 * i - place - 1:
            sent_at: dt.datetime = sent[place].last_sent_at
            return sent_at
    return None


def handle_missing(
    sessions: Sessions, connector: Connector, report: Report, *, clock: Clock, kinds: Collection[str]
) -> None:
    """Stop sending if the missing documents of *report* mean a restored backup; park those that do not.

    While sending is stopped already, the operator decides, and only documents sent before that loss are parked.
    Each document is looked up once more before it is parked.
    """
    alone: Sequence[MissingDocument] = report.missing_documents
    with sessions() as session, session.begin():
        sent = [document.sent_at for document in report.missing_documents if document.sent_at is not None]
        first = min(sent, default=None)
        if sending_hold.erp_loss(session, connector.name) is None:
            first = loss_start(session, kinds, report.missing_documents)
        if first is not None:
            alone = [d for d in report.missing_documents if d.sent_at is not None and d.sent_at < first]
            sending_hold.hold_for_erp_loss(
                session, connector.name, len(report.missing_documents) - len(alone), first, clock.now()
            )
    for document in alone:
        with sessions() as session:
            row = get(session, document.id)
        if row is None or look_up(connector, row.kind, document.id, row.decision, row.erp_number, row.erp_id):
            continue
        with sessions() as session, session.begin():
            row = get(session, document.id, lock=True)
            if row is not None and row.state in SENT:
                _settle(session, row, _missing(row), connector.name, clock.now())


def resolve(session: Session, report: Report, names: Collection[str]) -> list[str]:
    """Return the ids of the missing documents of *report* with *names*, which are our ids or the ERP's numbers.

    Raises:
        ValueError: none or more than one of them has the name; the message is a sentence for the operator.
    """
    rows = session.execute(
        select(Submission.id, Submission.erp_number).where(
            Submission.id.in_({document.id for document in report.missing_documents})
        )
    ).all()
    resolved = []
    for name in names:
        ids = [row.id for row in rows if refers_to(name, row.id, row.erp_number)]
        if len(ids) != 1:
            raise ValueError(
                f"{name} is {'more than one' if ids else 'none'} of the documents that the ERP has lost"
            )
        resolved += ids
    return resolved


def cancel_missing(
    sessions: Sessions, connector: Connector, ids: Collection[str], *, clock: Clock, actor: str
) -> int:
    """Cancel the missing documents *ids*, which somebody deleted in the ERP on purpose; return how many.

    The rep reads why; *actor* is written into the audit trail. Call it before `resend_missing`.
    """
    done = 0
    for id in ids:
        with sessions() as session, session.begin():
            row = get(session, id, lock=True)
            if row is None or row.state not in SENT:
                continue
            number = row.erp_number or row.erp_id
            audit.record(
                session, actor=actor, action=NOT_RESENT, subject=id, now=clock.now(), detail={"was": number}
            )
            _settle(session, row, _deleted(number), connector.name, clock.now(), actor)
            done += 1
    return done


def resend_missing(
    sessions: Sessions, connector: Connector, report: Report, *, clock: Clock, kinds: Collection[str]
) -> int:
    """Let the documents that the ERP has lost be sent once more; return how many documents.

    These are the missing documents of *report*, forecasts sent since the loss (their sums are set again),
    documents parked because the ERP gave the number of a lost document to another one, and documents that are
    no longer done in the ERP. Call it while sending is stopped.
    """
    moments = [document.sent_at for document in report.missing_documents if document.sent_at is not None]
    with sessions() as session:
        loss = sending_hold.erp_loss(session, connector.name)
        first = min([*moments, *([loss.sent_from] if loss is not None else [])], default=None)
        ids = [document.id for document in report.missing_documents] + report.half_done
        if first is not None:
            ids += _affected(session, kinds, first)
    done = 0
    lost = {document.id for document in report.missing_documents}
    for id in dict.fromkeys(ids):
        with sessions() as session, session.begin():
            row = get(session, id, lock=True)
            if row is None or row.state not in (*SENT, State.PARKED):
                continue
            _settle(session, row, _resend(row, id in lost, clock.now()), connector.name, clock.now())
            done += 1
    return done


def _affected(session: Session, kinds: Collection[str], first: dt.datetime) -> list[str]:
    """Return the newest forecasts sent from *first* on, and documents mixed up with a lost one."""
    aggregated = [name for name in kinds if name in KINDS and KINDS[name].aggregated]
    newest = (
        select(func.max(Submission.seq))
        .where(
            Submission.kind.in_(aggregated),
            Submission.state == State.ACCEPTED.value,
            Submission.last_sent_at >= first,
        )
        .group_by(Submission.kind, Submission.order_key)
    )
    forecasts = session.scalars(
        select(Submission.id).where(Submission.seq.in_(newest)).order_by(Submission.seq)
    )
    mixed_up = session.scalars(
        select(Submission.id)
        .where(
            Submission.kind.in_(with_own_document(kinds)),
            Submission.state == State.PARKED.value,
            Submission.error_class.in_((ErrorClass.DUPLICATE_BAD.value, NUMBER_CONFLICT)),
            Submission.last_sent_at >= first,
        )
        .order_by(Submission.seq)
    )
    return [*forecasts, *mixed_up]


def _settle(
    session: Session,
    row: Submission,
    transition: Transition,
    connector: str,
    now: dt.datetime,
    actor: str = "erp",
) -> None:
    settle(session, row, transition, connector=connector, actor=actor, now=now, revoke_lease=True)


def _resend(row: Submission, lost: bool, now: dt.datetime) -> Transition:
    """Return the transition of a document that is looked up and, if the ERP does not have it, created.

    It is never `queued`: the rep could then withdraw what the customer was promised.
    """
    transition = Transition.unknown(
        RESEND_REASON if lost else sentence("erp_restored"),
        # No call from before the backup can still be executed, so a lost one need not wait.
        sent_at=None if lost else row.last_sent_at,
        due_at=now,
        raw=f"it had been {row.erp_number or row.erp_id or 'sent'}",
        error_class=None,
    )
    return replace(transition, clear_erp_id=lost)


def _deleted(number: str | None) -> Transition:
    if number:
        return Transition.deleted(sentence("deleted_in_erp_as", number=number))
    return Transition.deleted(sentence("deleted_in_erp"))


def _missing(row: Submission) -> Transition:
    return Transition.missing(
        f"find({row.id}) is empty; it was {row.erp_number or row.erp_id or 'handed over'}"
    )
