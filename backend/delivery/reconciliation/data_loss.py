"""What the ERP had and does not show any more: one document is for a person, many are a restored backup.

A backup of an ERP that is put back takes everything with it that came after it. So where several documents
vanish, and of those sent between one of them and another most are gone, sending is held until an operator says
to send them again, which happens once: each is looked up before it is created, as always.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from itertools import accumulate

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import sending_hold
from backend.delivery.erp_lookup import look_up
from backend.delivery.reconciliation.reconcile import SENT, with_own_document
from backend.delivery.reconciliation.report import MissingDocument, Report
from backend.delivery.settle import apply_transition
from backend.delivery.transition import Transition
from backend.erp.errors import ErrorClass
from backend.erp.port import Connector
from backend.feed.changes import publish
from backend.identity import audit
from backend.inbox.models import Submission
from backend.inbox.submissions import as_record, get
from sync_protocol.catalogue import KINDS
from sync_protocol.change import Put
from sync_protocol.submission import Decision, State

MIN_LOST_TOGETHER = 3
"""From so many documents on, that vanished together, it is not a person who deleted them one by one."""
NOT_RESENT = "erp.not_sent_again"
"""In the audit trail: a document that an operator excepts when sending goes on."""
RESEND_REASON = "The ERP has lost it, as after a backup of it was put back; it is sent again"


def loss_start(
    session: Session, kinds: Collection[str], vanished: Sequence[MissingDocument]
) -> dt.datetime | None:
    """Return when the first was sent of those *vanished* that look like what a restored backup takes along.

    None: none of them do. What somebody deleted long before stands alone among others that are there.
    """
    moments = [one.sent_at for one in vanished if one.sent_at is not None]
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
    gone = {one.id for one in vanished}
    places = [n for n, row in enumerate(sent) if row.id in gone]
    # From the i-th that is gone to the j-th, half of all are if 2(j - i + 1) >= places[j] - places[i] + 1.
    ends = [2 * j - place for j, place in enumerate(places)]
    best = [*accumulate(reversed(ends), max)][::-1]
    for i, (place, end) in enumerate(zip(places, best[MIN_LOST_TOGETHER - 1 :], strict=False)):
        if end >= 2 * i - place - 1:
            moment: dt.datetime = sent[place].last_sent_at
            return moment
    return None


def handle_missing(
    sessions: Sessions, connector: Connector, report: Report, *, clock: Clock, kinds: Collection[str]
) -> None:
    """Hold sending if what is missing in *report* vanished in numbers; give what vanished alone to the office.

    While sending is held already, nothing is decided: the operator says what becomes of them. Each document is
    asked for once more before it is given away.
    """
    alone: Sequence[MissingDocument] = report.missing_documents
    with sessions() as session, session.begin():
        first = min((one.sent_at for one in report.missing_documents if one.sent_at is not None), default=None)
        if sending_hold.erp_loss(session, connector.name) is None:
            first = loss_start(session, kinds, report.missing_documents)
        if first is not None:
            alone = [one for one in report.missing_documents if one.sent_at is not None and one.sent_at < first]
            sending_hold.hold_for_erp_loss(
                session, connector.name, len(report.missing_documents) - len(alone), first, clock.now()
            )
    for one in alone:
        with sessions() as session:
            row = get(session, one.id)
        if row is None or look_up(connector, row.kind, one.id, row.decision, row.erp_number):
            continue
        with sessions() as session, session.begin():
            row = get(session, one.id, lock=True)
            if row is not None and row.state in SENT:
                _settle(session, row, _for_the_office(row), connector.name, clock.now())


def resolve(session: Session, report: Report, names: Collection[str]) -> list[str]:
    """Return the ids of the vanished documents of *report* that *names* mean: our ids, or the ERP's numbers.

    Raises ValueError, with a sentence, for a name that none or more than one of them has.
    """
    rows = session.execute(
        select(Submission.id, Submission.erp_number).where(
            Submission.id.in_({one.id for one in report.missing_documents})
        )
    ).all()
    found = []
    for name in names:
        ids = [row.id for row in rows if name in (row.id, row.erp_number)]
        if len(ids) != 1:
            raise ValueError(
                f"{name} is {'more than one' if ids else 'none'} of the documents that the ERP has lost"
            )
        found += ids
    return found


def cancel_missing(
    sessions: Sessions, connector: Connector, ids: Collection[str], *, clock: Clock, actor: str
) -> int:
    """Cancel the vanished documents *ids*, which somebody deleted in the ERP on purpose; return how many.

    The rep reads why; *actor* stands in the audit trail. To be called before `send_again`.
    """
    done = 0
    for id in ids:
        with sessions() as session, session.begin():
            row = get(session, id, lock=True)
            if row is None or row.state not in SENT:
                continue
            was = row.erp_number or row.erp_id
            audit.record(
                session, actor=actor, action=NOT_RESENT, subject=id, now=clock.now(), detail={"was": was}
            )
            row.decision = Decision.CANCELLED
            _settle(session, row, _deleted(was), connector.name, clock.now(), actor)
            done += 1
    return done


def resend_missing(
    sessions: Sessions, connector: Connector, report: Report, *, clock: Clock, kinds: Collection[str]
) -> int:
    """Let what the ERP has lost be sent once more; return how many documents.

    Those that are in *report*; forecasts sent since then, whose sums are set again; what was parked because the
    ERP gave the number of a lost document to another one; and what the ERP has only half done any more. To be
    called while sending is held.
    """
    moments = [one.sent_at for one in report.missing_documents if one.sent_at is not None]
    with sessions() as session:
        known = sending_hold.erp_loss(session, connector.name)
        first = min([*moments, *([known.sent_from] if known is not None else [])], default=None)
        ids = [one.id for one in report.missing_documents] + report.half_done
        if first is not None:
            ids += _affected(session, kinds, first)
    done = 0
    lost = {one.id for one in report.missing_documents}
    for id in dict.fromkeys(ids):
        with sessions() as session, session.begin():
            row = get(session, id, lock=True)
            if row is None or row.state not in (*SENT, State.PARKED):
                continue
            _settle(session, row, _again(row, id in lost, clock.now()), connector.name, clock.now())
            done += 1
    return done


def _affected(session: Session, kinds: Collection[str], first: dt.datetime) -> list[str]:
    """Return the newest forecasts sent from *first* on, and what was mixed up with a lost document."""
    sums = [name for name in kinds if name in KINDS and KINDS[name].aggregated]
    newest = (
        select(func.max(Submission.seq))
        .where(
            Submission.kind.in_(sums),
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
            Submission.error_class == ErrorClass.DUPLICATE_BAD.value,
            Submission.last_sent_at >= first,
        )
        .order_by(Submission.seq)
    )
    return [*forecasts, *mixed_up]


def _settle(
    session: Session, row: Submission, fate: Transition, connector: str, now: dt.datetime, actor: str = "erp"
) -> None:
    row.fence += 1
    apply_transition(session, row, fate, connector=connector, actor=actor, now=now)
    publish(session, [Put("submissions", row.id, as_record(row))])


def _again(row: Submission, lost: bool, now: dt.datetime) -> Transition:
    """Return the fate of what is looked up and, where the ERP does not have it, created: never `queued`, or the
    rep could withdraw what the customer was promised."""
    return Transition(
        state=State.UNKNOWN,
        # Nothing of before the backup can still be on its way, so it need not rest.
        sent_at=None if lost else row.last_sent_at,
        reason=RESEND_REASON
        if lost
        else "The ERP was put back to an earlier state; it is asked how far this got",
        raw=f"it had been {row.erp_number or row.erp_id or 'sent'}",
        due_at=now,
        clear_erp_id=lost,
    )


def _deleted(was: str | None) -> Transition:
    return Transition(
        state=State.CANCELLED,
        sent_at=None,
        reason=f"It was deleted in the ERP{f', as {was},' if was else ''} and is not sent again",
        clear_erp_id=True,
    )


def _for_the_office(row: Submission) -> Transition:
    return Transition(
        state=State.PARKED,
        sent_at=None,
        reason="The ERP had it and does not have it any more; the office must look",
        raw=f"find({row.id}) is empty; it was {row.erp_number or row.erp_id or 'handed over'}",
        error_class=ErrorClass.REJECT_OFFICE,
        owner="office",
        clear_erp_id=True,
    )
