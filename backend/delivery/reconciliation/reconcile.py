"""Reconcile: ask the ERP, by key, about each document for which its answer and our database may differ.

After a restore or a failover our rows may be older than what was sent. So each document that is unsent or open
here is looked up. If the ERP has it, it is settled without sending anything; if the ERP has it twice, it goes
to the office; if the ERP does not have it, it waits for the hold to end. Documents that were accepted lately
are looked up too: the ERP must have each of them once, with an equal total. `data_loss.py` deals with those
that the ERP has lost.
"""

import datetime as dt
import json
import logging
from collections.abc import Callable, Collection
from decimal import Decimal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery.erp_lookup import ErpAnswer, active_documents, ask_erp, is_cancelled, numbers_of
from backend.delivery.reconciliation.found import found_transition, supersede_originals
from backend.delivery.reconciliation.report import SENT, MissingDocument, Report
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.erp.records import ErpDocument
from backend.erp.totals import is_rounding, total_note
from backend.feed.changes import live
from backend.inbox import restored
from backend.inbox.models import Submission
from backend.inbox.settle import explain, settle
from backend.inbox.submissions import get
from backend.inbox.supersession import lock_rep
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import Kind
from sync_protocol.submission import State

log = logging.getLogger(__name__)

UNSENT = (State.RECEIVED.value, State.AWAITING_APPROVAL.value, State.QUEUED.value)
OPEN = (State.SENDING.value, State.UNKNOWN.value)
NOT_DONE = frozenset({"draft", "quotation", "validated"})
"""States in which the ERP's document is begun and not done. An accepted document must not be in one of them."""
LOOK_BACK = dt.timedelta(days=1)
"""How far before the newest change in our database settled documents are looked up again."""


def newest_memory(session: Session, before: dt.datetime | None = None) -> dt.datetime | None:
    """Return when a document was last changed: about the time of the backup that was restored.

    *before*: when the restored database began to be used. Later pushes and settlements say nothing about the
    backup.
    """
    newest = select(func.max(Submission.updated_at))
    return session.scalar(newest if before is None else newest.where(Submission.updated_at < before))


def with_own_document(kinds: Collection[str]) -> list[str]:
    """Return those of *kinds* whose submissions each have a document in the ERP, with our key."""
    return sorted(name for name in kinds if name in KINDS and KINDS[name].has_own_document)


def reconcile(
    sessions: Sessions,
    connector: Connector,
    *,
    clock: Clock,
    kinds: Collection[str],
    since: dt.datetime,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, all: None,
) -> Report:
    """Ask the ERP about every open document and those settled after *since*; settle those that it has.

    Nothing is sent. It may be run again at any time.

    Args:
        kinds: the kinds that the connector forwards.
        dry_run: change nothing.
        progress: called with the number of documents done and the number of all.
    """
    # Forecasts have no document of their own in the ERP: their sums are set again, which does no harm.
    reconciled_kinds = with_own_document(kinds)
    if not dry_run:
        restored.begin_checks(sessions, clock.now())
    with sessions() as session:
        loss = restored.newest_loss(session, clock.now())
        marked_at = loss.noticed_at if loss is not None else None
        ids = session.scalars(
            select(Submission.id)
            .where(
                Submission.kind.in_(reconciled_kinds),
                or_(
                    # A document that was handed over is open, however long ago that was.
                    Submission.state.in_((*UNSENT, *OPEN, State.HANDED_OVER.value)),
                    and_(Submission.state.in_(SENT), Submission.updated_at >= since),
                    and_(Submission.state == State.PARKED.value, Submission.last_sent_at == marked_at),
                ),
            )
            .order_by(Submission.seq)
        ).all()
    report = Report()
    for done, id in enumerate(ids):
        progress(done, len(ids))
        ask(sessions, connector, id, report, clock=clock, dry_run=dry_run)
    progress(len(ids), len(ids))
    return report


def ask(
    sessions: Sessions, connector: Connector, id: str, report: Report, *, clock: Clock, dry_run: bool = False
) -> None:
    """Ask the ERP about the document *id*, settle it if the ERP has it, and count it in *report*."""
    with sessions() as session:
        row = get(session, id)
        if row is None:
            report.add("unchecked")
            report.lines.append(f"{id}: it does not exist any more")
            return
        kind, before, decision = row.kind, row.state, row.decision
        number, bound = row.erp_number, row.erp_id
        rep, is_copy = row.rep, row.supersedes is not None
    outcome, line, answer = "unchecked", "", ErpAnswer([])
    try:
        answer = ask_erp(connector, kind, id, decision=decision, number=number, bound=bound, state=before)
    except ErpError as error:
        line = f"the ERP could not be asked: {error.message}"
    except Exception as error:
        log.exception("%s: find failed in the connector", id)
        line = f"the ERP's answer was not understood: {error!r}"
    else:
        with sessions() as session, session.begin():
            if is_copy:
                lock_rep(session, rep)
            row = get(session, id, lock=True)
            if row is None or row.state != before:
                line = "its state has changed meanwhile; run this again"
            else:
                outcome, line = _compare(session, row, answer, connector.name, clock.now(), dry_run)
                if outcome == "missing":
                    report.missing_documents.append(MissingDocument(id, row.last_sent_at))
                ours = [hit for hit in answer.hits if hit.external_id == row.erp_id]
                if outcome == "differing" and any(hit.state.lower() in NOT_DONE for hit in ours):
                    report.half_done.append(id)
    report.add(outcome, sent=before in SENT)
    if line:
        report.lines.append(f"{id}: {line}")


def _compare(
    session: Session, row: Submission, answer: ErpAnswer, connector: str, now: dt.datetime, dry_run: bool
) -> tuple[str, str]:
    cancelled = {hit.external_id for hit in answer.hits if is_cancelled(hit)}
    hits = active_documents(answer.hits, row.erp_id)
    numbers = numbers_of(hits)
    is_answered = answer.outcome is not None and answer.outcome.state is not State.HANDED_OVER
    if row.state in SENT and not (row.state == State.HANDED_OVER and is_answered):
        return _compare_sent(session, row, hits, numbers, cancelled, dry_run)
    if row.state == State.SENDING and row.lease_until is not None and row.lease_until > now:
        return "unchecked", f"{row.lease_owner} is sending it; run this again when that has ended"
    if answer.is_empty:
        return "waiting", ""
    if not dry_run and not (row.state == State.PARKED and len(hits) > 1):
        transition = found_transition(session, row, answer, now)
        settle(session, row, transition, connector=connector, actor="erp", now=now, revoke_lease=True)
        supersede_originals(session, row, now)
    if len(hits) > 1:
        return "doubled", f"the ERP has it more than once: {numbers}; the office must keep one of them"
    return "settled", f"the ERP has it as {numbers}" if hits else "the ERP has refused it"


def _compare_sent(
    session: Session,
    row: Submission,
    hits: list[ErpDocument],
    numbers: str,
    cancelled: Collection[str],
    dry_run: bool,
) -> tuple[str, str]:
    if len(hits) > 1:
        return "doubled", f"the ERP has it more than once: {numbers}; the office must keep one of them"
    if not hits:
        return "missing", f"it is {row.state} ({row.erp_number or 'no number'}), and the ERP does not show it"
    if row.state == State.ACCEPTED and row.erp_id != hits[0].external_id and row.erp_id in cancelled:
        was = row.erp_number or row.erp_id
        return "differing", f"somebody has cancelled {was} in the ERP and continues with {numbers}"
    if row.state == State.ACCEPTED and row.erp_id not in (None, hits[0].external_id):
        return "doubled", f"it is bound to {row.erp_id}, and the ERP shows {hits[0].external_id}"
    if row.state == State.ACCEPTED and hits[0].state.lower() in NOT_DONE:
        return "differing", f"it was accepted, and the ERP has {numbers} as {hits[0].state}"
    return _compare_totals(session, row, hits[0], numbers, dry_run)


def _compare_totals(
    session: Session, row: Submission, document: ErpDocument, numbers: str, dry_run: bool
) -> tuple[str, str]:
    """Compare the totals exactly, and tell the rep of a difference. Mere rounding is reported once."""
    body = json.loads(row.body)
    erp_total = _erp_total(session, KINDS.get(row.kind), document)
    note = total_note(row.kind, body, erp_total)
    if note is None or erp_total is None:
        return "found", ""
    is_known = note in (row.reason or "")
    if not is_known and not dry_run and row.state == State.ACCEPTED:
        # Nothing happened to the document now, so the time of its last change stays.
        explain(session, row, note, owner=row.owner, now=row.updated_at)
    if is_known and is_rounding(row.kind, body, erp_total):
        return "found", ""
    return "differing", f"{note.rstrip('.')} ({numbers})"


def _erp_total(session: Session, kind: Kind | None, document: ErpDocument) -> Decimal | None:
    """Return the total of the ERP's *document*, or of its record in the feed if the connector gives none."""
    if document.total is not None or kind is None or kind.erp_record is None:
        return document.total
    record = live(session, kind.erp_record.collection, document.external_id)
    return None if record is None else kind.erp_record.total(record)
