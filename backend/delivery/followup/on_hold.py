"""Following up: documents that wait for somebody else are looked at again, and never sent again blindly."""

import datetime as dt
import logging
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery.erp_lookup import CANCELLED, active_documents, is_cancelled
from backend.delivery.followup.overdue import flag_overdue
from backend.delivery.settle import apply_transition
from backend.delivery.transition import ErpBinding, Transition
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import ErpDocument
from backend.feed.changes import live, publish
from backend.inbox.models import Submission
from backend.inbox.submissions import as_record, get
from sync_protocol.catalogue import KINDS
from sync_protocol.change import Put
from sync_protocol.submission import State

log = logging.getLogger(__name__)

LOOK_EVERY = dt.timedelta(minutes=15)
"""How often a document on hold is looked up."""
_BATCH = 50

_DECIDED_STATES = {
    **dict.fromkeys(
        ("accepted", "done", "posted", "paid", "confirmed", "processing", "approved", "sale"), State.ACCEPTED
    ),
    **dict.fromkeys(CANCELLED, State.CANCELLED),
}
"""The ERP's states, for documents that are not in the feed as records."""


def follow_up(sessions: Sessions, connector: Connector, *, clock: Clock, kinds: Collection[str]) -> int:
    """Look after what is on hold, and tell of what has waited too long; return how many changed.

    *kinds* are those that the connector can forward. Nothing is sent.
    """
    changed = flag_overdue(sessions, connector.name, now=clock.now(), kinds=kinds)
    for id in _due_on_hold(sessions, clock.now()):
        try:
            changed += _check(sessions, connector, id, clock)
        except ErpError as error:
            log.warning("%s is on hold and cannot be looked up: %s", id, error.message)
    return changed


def _due_on_hold(sessions: Sessions, now: dt.datetime) -> list[str]:
    """Return the ids on hold whose turn it is; the next turn is set, so that one worker looks."""
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
    hits = connector.find(kind, id)
    with sessions() as session, session.begin():
        row = get(session, id, lock=True)
        if row is None or row.state != State.ON_HOLD:
            return False
        dead = any(hit.external_id == row.erp_id and is_cancelled(hit) for hit in hits)
        fate = _decided(session, row, active_documents(hits, row.erp_id), dead)
        if fate is None:
            return False
        apply_transition(session, row, fate, connector=connector.name, actor="erp", now=clock.now())
        publish(session, [Put("submissions", row.id, as_record(row))])
        return True


def _decided(session: Session, row: Submission, hits: list[ErpDocument], dead: bool) -> Transition | None:
    """Return the fate of a document on hold, or None while nobody has decided.

    *dead*: somebody has cancelled the ERP's document that we know of; what counts may be another one.
    """
    if len(hits) != 1:
        lost = not hits
        return Transition(
            state=State.PARKED,
            sent_at=row.last_sent_at,
            reason="The ERP had it on hold and does not have it any more; the office must look"
            if lost
            else "The ERP has this document more than once; the office must keep one of them",
            raw=f"find({row.id}) returned {len(hits)}; it was {row.erp_id}",
            error_class=ErrorClass.REJECT_OFFICE if lost else ErrorClass.DUPLICATE_BAD,
            owner="office",
            clear_erp_id=lost,
        )
    found = hits[0]
    state = erp_decision(session, row.kind, found)
    if state is None:
        return None
    return Transition(
        state=state,
        sent_at=row.last_sent_at,
        reason="It was cancelled in the ERP" if state is State.CANCELLED else None,
        raw=f"the ERP says {found.state}",
        erp_id=found.external_id,
        erp_number=found.number,
        bindings=(ErpBinding(row.kind, found.external_id, found.number),),
        replace_bindings=dead,
    )


def erp_decision(session: Session, kind: str, found: ErpDocument) -> State | None:
    """Return what somebody in the ERP has decided on its document *found*; None while nobody has.

    Where the document is read back as a record, the record decides (`Kind.erp_record`); else the ERP's state.
    """
    declared = KINDS[kind].erp_record if kind in KINDS else None
    record = live(session, declared.collection, found.external_id) if declared else None
    if declared and record is not None:
        return declared.decision(record)
    return _DECIDED_STATES.get(found.state.lower())
