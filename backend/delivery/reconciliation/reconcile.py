"""Reconciling: the ERP is asked, by key, about every document that we, or it, may remember wrongly.

After a restore or a failover our rows may be older than what was sent. So each document that we believe
unsent or open is looked up: what the ERP has already is settled without sending anything, what it has
twice goes to the office, what it does not have waits for the hold to end. Documents that we believe
accepted, and that were settled lately, are looked up too: the ERP must have each of them once, with an equal
total. What becomes of those that it has lost stands in `vanished.py`.
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
from backend.delivery.erp_lookup import active_documents, is_cancelled, look_up
from backend.delivery.followup.on_hold import erp_decision
from backend.delivery.reconciliation.report import MissingDocument, Report
from backend.delivery.settle import apply_transition
from backend.delivery.transition import MAX_RAW, ErpBinding, Transition
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import ErpDocument
from backend.feed.changes import live, publish
from backend.inbox.models import Submission
from backend.inbox.submissions import as_record, get
from sync_protocol.catalogue import KINDS
from sync_protocol.change import Put
from sync_protocol.collection import Kind
from sync_protocol.submission import State

log = logging.getLogger(__name__)

UNSENT = (State.RECEIVED.value, State.AWAITING_APPROVAL.value, State.QUEUED.value)
OPEN = (State.SENDING.value, State.UNKNOWN.value)
SENT = (State.ACCEPTED.value, State.HANDED_OVER.value, State.ON_HOLD.value)
NOT_DONE = frozenset({"draft", "quotation", "validated"})
"""The ERP's words for a document that was begun and is not done: what was accepted cannot be so any more."""
LOOK_BACK = dt.timedelta(days=1)
"""How much earlier than the newest thing our database remembers a settled document is looked up again."""


def newest_memory(session: Session, before: dt.datetime | None = None) -> dt.datetime | None:
    """Return when our database was last written to, as far as its documents tell: the backup's time, about.

    *before*: since when it lives on; what phones have pushed and reconciling has settled since then says
    nothing of the backup.
    """
    newest = select(func.max(Submission.updated_at))
    return session.scalar(newest if before is None else newest.where(Submission.updated_at < before))


def with_own_document(kinds: Collection[str]) -> list[str]:
    """Return those of *kinds* that have a document of their own in the ERP, to be asked for by our key."""
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
    """Ask the ERP about every open document and those settled after *since*; settle what it has.

    *kinds* are those that the connector forwards. Nothing is sent; with *dry_run* nothing is changed either.
    It may be run again at any time.
    """
    # Forecasts have no document of their own in the ERP: their sums are set again, which repeats nothing.
    asked = with_own_document(kinds)
    with sessions() as session:
        ids = session.scalars(
            select(Submission.id)
            .where(
                Submission.kind.in_(asked),
                or_(
                    Submission.state.in_((*UNSENT, *OPEN)),
                    and_(Submission.state.in_(SENT), Submission.updated_at >= since),
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
    """Ask the ERP about the document *id*, settle what it turns out to have, and count it in *report*."""
    with sessions() as session:
        row = get(session, id)
        if row is None:
            report.add("unclear")
            report.lines.append(f"{id}: it is gone")
            return
        kind, before, decision, number = row.kind, row.state, row.decision, row.erp_number
    outcome, line, hits = "unclear", "", []
    try:
        hits = look_up(connector, kind, id, decision, number)
    except ErpError as error:
        line = f"the ERP could not be asked: {error.message}"
    except Exception as error:
        log.exception("%s: find failed in the connector", id)
        line = f"the ERP's answer was not understood: {error!r}"
    else:
        with sessions() as session, session.begin():
            row = get(session, id, lock=True)
            if row is None or row.state != before:
                line = "it has moved meanwhile; run this again"
            else:
                outcome, line = _compare(session, row, hits, connector.name, clock.now(), dry_run)
                if outcome == "missing":
                    report.missing_documents.append(MissingDocument(id, row.last_sent_at))
                ours = [hit for hit in hits if hit.external_id == row.erp_id]
                if outcome == "differing" and any(hit.state.lower() in NOT_DONE for hit in ours):
                    report.half_done.append(id)
    report.add(outcome, sent=before in SENT)
    if line:
        report.lines.append(f"{id}: {line}")


def _compare(
    session: Session, row: Submission, hits: list[ErpDocument], connector: str, now: dt.datetime, dry_run: bool
) -> tuple[str, str]:
    dead = {hit.external_id for hit in hits if is_cancelled(hit)}
    hits = active_documents(hits, row.erp_id)
    numbers = ", ".join(hit.number or hit.external_id for hit in hits)
    if row.state in SENT:
        return _compare_sent(session, row, hits, numbers, dead)
    if row.state == State.SENDING and row.lease_until is not None and row.lease_until > now:
        return "unclear", f"{row.lease_owner} is sending it; run this again when it has ended"
    if not hits:
        return "waiting", ""
    fate = (
        _duplicate_transition(row, numbers, now)
        if len(hits) > 1
        else _found_transition(session, row, hits[0], now)
    )
    if not dry_run:
        # Whoever held a claim from before must not settle over this.
        row.fence += 1
        apply_transition(session, row, fate, connector=connector, actor="erp", now=now)
        publish(session, [Put("submissions", row.id, as_record(row))])
    if len(hits) > 1:
        return "doubled", f"the ERP has it more than once: {numbers}; the office must keep one of them"
    return "settled", f"the ERP has it as {numbers}"


def _compare_sent(
    session: Session, row: Submission, hits: list[ErpDocument], numbers: str, dead: Collection[str]
) -> tuple[str, str]:
    if len(hits) > 1:
        return "doubled", f"the ERP has it more than once: {numbers}; the office must keep one of them"
    if not hits:
        return "missing", f"it is {row.state} ({row.erp_number or 'no number'}), and the ERP does not show it"
    if row.state == State.ACCEPTED and row.erp_id != hits[0].external_id and row.erp_id in dead:
        was = row.erp_number or row.erp_id
        return "differing", f"somebody has cancelled {was} in the ERP, and goes on with {numbers}"
    if row.state == State.ACCEPTED and row.erp_id not in (None, hits[0].external_id):
        return "doubled", f"it is bound to {row.erp_id}, and the ERP shows {hits[0].external_id}"
    if row.state == State.ACCEPTED and hits[0].state.lower() in NOT_DONE:
        return "differing", f"it was accepted, and the ERP has {numbers} as {hits[0].state}"
    kind = KINDS.get(row.kind)
    theirs = _erp_total(session, kind, hits[0])
    body = json.loads(row.body)
    if kind and kind.total and theirs is not None and not kind.total.equals(body, theirs):
        ours = kind.total.of(body)
        return "differing", f"its total is {ours} here and {theirs} in the ERP ({numbers})"
    return "found", ""


def _erp_total(session: Session, kind: Kind | None, found: ErpDocument) -> Decimal | None:
    """Return the total of the ERP's document: from the connector, else from the record that was read back."""
    if found.total is not None or kind is None or kind.erp_record is None:
        return found.total
    record = live(session, kind.erp_record.collection, found.external_id)
    return None if record is None else kind.erp_record.total(record)


def _found_transition(session: Session, row: Submission, found: ErpDocument, now: dt.datetime) -> Transition:
    """Return the fate of a document that the ERP turns out to have."""
    if erp_decision(session, row.kind, found) is State.ACCEPTED:
        return Transition(
            state=State.ACCEPTED,
            sent_at=now,
            raw=f"reconciled: the ERP says {found.state}",
            erp_id=found.external_id,
            erp_number=found.number,
            bindings=(ErpBinding(row.kind, found.external_id, found.number),),
        )
    # It is there and not done: the forwarder finds it and takes it on from where it stands.
    return Transition(
        state=State.UNKNOWN,
        sent_at=now,
        reason="The ERP has it already; how far it got will be asked",
        raw=f"reconciled: the ERP says {found.state}"[:MAX_RAW],
        error_class=ErrorClass.UNKNOWN,
        due_at=now,
        erp_id=found.external_id,
        erp_number=found.number,
    )


def _duplicate_transition(row: Submission, numbers: str, now: dt.datetime) -> Transition:
    return Transition(
        state=State.PARKED,
        sent_at=now,
        reason="The ERP has this document more than once; the office must keep one of them",
        raw=f"find({row.id}) returned {numbers}",
        error_class=ErrorClass.DUPLICATE_BAD,
        owner="office",
    )
