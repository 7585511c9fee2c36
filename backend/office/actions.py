"""What the office may do with a parked document.

Each deed locks the row, writes the outcome with a higher fence, and enters who did it and why into the audit
trail, all in the caller's transaction. The same decision again changes nothing;
another one finds that the document is not parked any more. What gives a document up (cancel, give back, fix)
or names another one of the ERP's (link) needs a `Sight` where the ERP may have it.
"""

import json

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.delivery.queue.dependencies import wake_dependents
from backend.delivery.settle import bind
from backend.delivery.transition import ErpBinding
from backend.feed.customer_merges import order_key
from backend.inbox.models import Binding, Submission
from backend.inbox.submissions import may_be_in_erp
from backend.office.action import Action, ActionRefused, already_decided, finish, lock_parked
from backend.office.erp_check import ErpCheck, require_absent, require_current, require_settled
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import OFFICE, TO_ERP, Kind
from sync_protocol.errors import ErrorCode
from sync_protocol.submission import Decision, State


def retry(session: Session, id: str, deed: Action) -> Submission:
    """Send the document *id* again as it is; the ERP is asked for it first, as always. Raises `DeedRefused`."""
    row = lock_parked(session, id, deed)
    kind = require_erp_kind(row)
    row.order_key = order_key_of(session, row, kind)
    # What the ERP may have is never queued, for what is queued can be replaced.
    state = State.UNKNOWN if may_be_in_erp(row) else State.QUEUED
    finish(session, row, deed, "retry", state, reason=deed.with_reason("The office sends it again"))
    return row


def cancel(session: Session, id: str, deed: Action, sight: ErpCheck | None = None) -> Submission:
    """Cancel the document *id* for the reason of *deed*; the ERP must not have it. Raises `DeedRefused`."""
    if (before := already_decided(session, id, Decision.CANCELLED)) is not None:
        return before
    row = lock_parked(session, id, deed)
    require_absent(row, sight)
    reason = deed.with_reason("The office has cancelled it")
    finish(session, row, deed, "cancel", State.CANCELLED, reason=reason, decision=Decision.CANCELLED)
    return row


def return_to_rep(session: Session, id: str, deed: Action, sight: ErpCheck | None = None) -> Submission:
    """Send the document *id* back to its rep, who edits a copy; else as `cancel`. Raises `DeedRefused`."""
    if (before := already_decided(session, id, Decision.RETURNED)) is not None:
        return before
    row = lock_parked(session, id, deed)
    require_absent(row, sight)
    reason = deed.with_reason("The office has sent it back")
    finish(session, row, deed, "return", State.REJECTED, reason=reason, decision=Decision.RETURNED, owner="rep")
    return row


def done(session: Session, id: str, deed: Action) -> Submission:
    """Note that what the request *id* asks for was done in the ERP. Raises `DeedRefused`."""
    if (before := already_decided(session, id, Decision.DONE)) is not None:
        return before
    row = lock_parked(session, id, deed)
    kind = KINDS.get(row.kind)
    if kind is None or kind.destination != OFFICE:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS, f"a document of kind {row.kind} is no request; link it to the ERP's number"
        )
    reason = deed.with_reason("The office has done it")
    finish(session, row, deed, "done", State.ACCEPTED, reason=reason, decision=Decision.DONE)
    return row


def link(
    session: Session, id: str, number: str, deed: Action, sight: ErpCheck | None, *, connector: str
) -> Submission:
    """Say that the ERP's document *number*, which *sight* shows, is the document *id*. Raises `DeedRefused`."""
    before = already_decided(session, id, Decision.LINKED)
    if before is not None and before.erp_number == number:
        return before
    row = lock_parked(session, id, deed)
    kind = require_own_document(row)
    seen = require_current(row, sight)
    if not seen.by_number:
        raise ActionRefused(ErrorCode.NOT_IN_ERP, f"the ERP has no {kind.name} {number}")
    if len(seen.by_number) > 1:
        raise ActionRefused(ErrorCode.NOT_IN_ERP, f"the ERP has more than one {kind.name} {number}")
    [found] = seen.by_number
    others = [hit for hit in seen.by_key if hit.external_id != found.external_id]
    if others:
        numbers = ", ".join(hit.number or hit.external_id for hit in others)
        raise ActionRefused(
            ErrorCode.MAY_BE_IN_ERP,
            f"the ERP has document {id} as {numbers}: link it to that one, or remove it there first",
        )
    if found.key not in (None, row.id):
        raise ActionRefused(ErrorCode.LINKED_ELSEWHERE, f"{number} is document {found.key} in the ERP")
    if not seen.by_key:
        require_settled(row, seen)
    rival = _bind(session, row, ErpBinding(row.kind, found.external_id, found.number), connector, deed)
    if rival is not None:
        raise ActionRefused(
            ErrorCode.LINKED_ELSEWHERE,
            f"{number} is document {rival.local_id}"
            if rival.local_id != row.id
            else f"document {id} is {rival.number or rival.external_id} in the ERP",
        )
    row.erp_id, row.erp_number = found.external_id, found.number or number
    row.last_sent_at = row.last_sent_at or deed.now
    wake_dependents(session, row, deed.now)
    finish(
        session,
        row,
        deed,
        "link",
        State.ACCEPTED,
        reason=deed.with_reason(f"The office has linked it to {row.erp_number}"),
        decision=Decision.LINKED,
        detail={"number": number, "external_id": found.external_id},
    )
    return row


def _bind(session: Session, row: Submission, bound: ErpBinding, connector: str, deed: Action) -> Binding | None:
    """Bind *row*, or return the binding that stands in the way."""
    try:
        with session.begin_nested():
            rival = bind(session, row, (bound,), connector, deed.now)
            session.flush()
    except IntegrityError:
        # Somebody else linked to it at the same moment, and has committed.
        rival = bind(session, row, (bound,), connector, deed.now)
    return rival


def require_erp_kind(row: Submission) -> Kind:
    """Return the kind of *row*, which is one that the ERP takes; raises `DeedRefused` (not_for_this)."""
    kind = KINDS.get(row.kind)
    if kind is None:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS, f"this server does not know the kind {row.kind}; upgrade it, or cancel"
        )
    if kind.destination != TO_ERP:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS, f"a {kind.name} is not sent to the ERP: mark it done, or send it back"
        )
    return kind


def require_own_document(row: Submission) -> Kind:
    """Return the kind of *row*, of which the ERP has a document for each of ours; raises `DeedRefused`."""
    kind = require_erp_kind(row)
    if kind.aggregated:
        raise ActionRefused(ErrorCode.NOT_FOR_THIS, f"a {kind.name} has no document of its own in the ERP")
    return kind


def order_key_of(session: Session, row: Submission, kind: Kind) -> str:
    """Return the order key of *row*, which it lacks if the server did not know its kind when it came."""
    body = json.loads(row.body)
    faults = kind.form_faults(body)
    if faults:
        raise ActionRefused(
            ErrorCode.BODY_REFUSED, f"document {row.id} is malformed: fix it or send it back", faults
        )
    return order_key(session, kind, body, row.rep)
