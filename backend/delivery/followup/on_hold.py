"""Follow-up: look up documents on hold in the ERP, and flag overdue ones. Nothing is sent."""

import datetime as dt
import json
import logging
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery.erp_lookup import CANCELLED, active_documents, is_cancelled
from backend.delivery.followup.overdue import flag_overdue
from backend.delivery.transition import Transition
from backend.erp.call_metrics import measured
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.erp.records import ErpDocument
from backend.erp.totals import total_note
from backend.feed.changes import live
from backend.inbox.models import Submission
from backend.inbox.settle import settle
from backend.inbox.submissions import get
from sync_protocol.catalogue import KINDS
from sync_protocol.sentence import sentence
from sync_protocol.submission import State

log = logging.getLogger(__name__)

LOOK_EVERY = dt.timedelta(minutes=15)
"""How often a document on hold is looked up."""
_BATCH = 50
MISSING_ON_HOLD = sentence("missing_on_hold")

_DECIDED_STATES = {
    **dict.fromkeys(
        ("accepted", "done", "posted", "paid", "confirmed", "processing", "approved", "sale"), State.ACCEPTED
    ),
    **dict.fromkeys(CANCELLED, State.CANCELLED),
}
"""The ERP's states, for documents that are not in the feed as records."""


def follow_up(sessions: Sessions, connector: Connector, *, clock: Clock, kinds: Collection[str]) -> int:
    """Look up documents on hold and flag overdue ones; return how many changed.

    *kinds* are those that the connector can forward.
    """
    changed = flag_overdue(sessions, connector.name, now=clock.now(), kinds=kinds)
    for id in _due_on_hold(sessions, clock.now()):
        try:
            changed += _check(sessions, connector, id, clock)
        except ErpError as error:
            log.warning("%s is on hold and cannot be looked up: %s", id, error.message)
    return changed


def _due_on_hold(sessions: Sessions, now: dt.datetime) -> list[str]:
    """Return the ids on hold that are due, and set when they are due next, so that one worker looks them up."""
    with sessions() as session, session.begin():
        rows = session.scalars(
            select(Submission)
            .where(Submission.state == State.ON_HOLD.value, Submission.due_at <= now)
            .order_by(Submission.due_at)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        for row in rows:
            row.due_at = now + LOOK_EVERY
        return [row.id for row in rows]


def _check(sessions: Sessions, connector: Connector, id: str, clock: Clock) -> bool:
    with sessions() as session, session.begin():
        row = get(session, id)
        kind = row.kind if row is not None else ""
    with measured(connector.name, "find"):
        hits = connector.find(kind, id)
    with sessions() as session, session.begin():
        row = get(session, id, lock=True)
        if row is None or row.state != State.ON_HOLD:
            return False
        ours_cancelled = any(hit.external_id == row.erp_id and is_cancelled(hit) for hit in hits)
        transition = _decided(session, row, active_documents(hits, row.erp_id), ours_cancelled)
        if transition is None:
            return False
        settle(session, row, transition, connector=connector.name, actor="erp", now=clock.now())
        return True


def _decided(
    session: Session, row: Submission, hits: list[ErpDocument], ours_cancelled: bool
) -> Transition | None:
    """Return the transition of a document on hold, or None while nobody has decided.

    *ours_cancelled*: somebody has cancelled the ERP's document that we know; *hits* may then be another one.
    """
    raw = f"find({row.id}) returned {len(hits)}; it was {row.erp_id}"
    if not hits:
        return Transition.missing(raw, sent_at=row.last_sent_at, reason=MISSING_ON_HOLD)
    if len(hits) > 1:
        return Transition.duplicate(raw, sent_at=row.last_sent_at)
    [document] = hits
    state = erp_decision(session, row.kind, document)
    if state is None:
        return None
    decided = Transition.cancelled if state is State.CANCELLED else Transition.accepted
    transition = decided(
        row.kind,
        document,
        sent_at=row.last_sent_at,
        raw=f"the ERP says {document.state}",
        replace_bindings=ours_cancelled,
    )
    note = total_note(row.kind, json.loads(row.body), document.total)
    return replace(transition, reason=note) if note and state is State.ACCEPTED else transition


def erp_decision(session: Session, kind: str, document: ErpDocument) -> State | None:
    """Return what somebody in the ERP has decided on *document*; None while nobody has.

    Where the document is read back as a record, the record decides (`Kind.erp_record`); else the ERP's state.
    """
    declared = KINDS[kind].erp_record if kind in KINDS else None
    record = live(session, declared.collection, document.external_id) if declared else None
    if declared and record is not None:
        return declared.decision(record)
    return _DECIDED_STATES.get(document.state.lower())
