"""Carry out an action of the office on one parked document, for the API and the CLI."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend import doorbell
from backend.clock import Clock
from backend.database.core import Sessions
from backend.identity import audit
from backend.inbox.models import Submission
from backend.inbox.submissions import move
from backend.inbox.supersession import lock_rep
from backend.office.action import Action, ActionRequest, ActionResult, ErpQuestion
from backend.office.actions import ACTIONS
from backend.office.erp_check import Connect, ErpCheck, check_by_key, check_by_number, require_absent
from backend.office.errors import ActionRefused
from backend.office.queries import ParkedDocument, get_document, reservation_holder, to_view
from backend.settings import Settings
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.submission import State

AUDIT_PREFIX = "parked."
"""Before the name of each action in the audit trail."""


class OfficeService:
    """Carries out actions, each in one transaction. The ERP is asked before it, outside of any transaction."""

    def __init__(self, sessions: Sessions, clock: Clock, settings: Settings, connect: Connect) -> None:
        """*connect* is called only if the ERP must be asked."""
        self.sessions, self.clock, self.settings, self.connect = sessions, clock, settings, connect

    def perform(
        self, name: str, id: str, *, by: str, why: str = "", force: bool = False, **arguments: Any
    ) -> ParkedDocument:
        """Carry out the action *name* on the document *id*; return the document, or the correction after `fix`.

        Args:
            by: who acts, as `ActionRequest.by`.
            why: the reason, which the audit trail keeps and the rep reads.
            force: act although somebody else has reserved the document.
            arguments: the fields that `Action.arguments` names; others are ignored.

        Raises:
            ActionRefused: and then nothing was changed.
            KeyError: if there is no action *name*.
        """
        action = ACTIONS[name]
        given = _required(action, why.strip(), arguments)
        before = self._read(id) if action.erp_question is not None or action.replaces_document else None
        erp_check = self._check_erp(action, before, given) if before is not None else None
        reservation = dt.timedelta(seconds=self.settings.parked_reservation_seconds)
        request = ActionRequest(
            by, f"user:{by}", self.clock.now(), reservation, why.strip(), force, given, erp_check
        )
        with self.sessions() as session, session.begin():
            if before is not None and action.replaces_document:
                # Before the row is locked: a push of the rep takes the two locks in this order too.
                lock_rep(session, before.rep)
            row = get_document(session, id, lock=True)
            view = to_view(act(session, action, row, request), request.now)
        if action.wakes_worker:
            # After the commit; before it, the worker would find nothing to send.
            doorbell.ring(self.settings)
        return view

    def _read(self, id: str) -> Submission:
        with self.sessions() as session, session.begin():
            document = get_document(session, id)
            session.expunge(document)
        return document

    def _check_erp(self, action: Action, document: Submission, given: Mapping[str, Any]) -> ErpCheck | None:
        """Ask the ERP what *action* must know of it; return None where it need not be asked."""
        if document.state != State.PARKED:
            return None
        match action.erp_question:
            case ErpQuestion.BY_KEY:
                return check_by_key(self.connect, document, self.clock, self.settings)
            case ErpQuestion.BY_NUMBER:
                return check_by_number(self.connect, document, given["number"], self.clock, self.settings)
            case None:
                return None


def act(session: Session, action: Action, row: Submission, request: ActionRequest) -> Submission:
    """Carry out *action* on the locked *row* and return the document that answers *request*.

    The same decision again changes nothing. Raises `ActionRefused`.
    """
    if row.state != State.PARKED and action.decision is not None and row.decision == action.decision:
        earlier = action.find_earlier(session, row, request)
        if earlier is not None:
            return earlier
    holder = _require_available(row, request)
    if action.erp_question is ErpQuestion.BY_KEY:
        require_absent(row, request.erp_check)
    result = action.perform(session, row, request)
    if result is None:
        return row
    return _finish(session, action, row, request, result, holder)


def _required(action: Action, why: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of *arguments* that *action* takes; raises `ActionRefused` for each that is missing."""
    given = {name: arguments.get(name) for name in action.arguments}
    absent = [name for name, value in given.items() if value in (None, "")]
    faults = [Fault(ErrorCode.FIELD_MISSING, name, "is required") for name in absent]
    if action.needs_reason and not why:
        faults.append(Fault(ErrorCode.FIELD_MISSING, "why", "is required, because the rep reads it"))
    if faults:
        message = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise ActionRefused(ErrorCode.ENVELOPE_INVALID, message, faults)
    return given


def _require_available(row: Submission, request: ActionRequest) -> str | None:
    """Return who has reserved *row*; raises `ActionRefused` unless it is parked and free for *request*."""
    if row.state != State.PARKED:
        raise ActionRefused(ErrorCode.NOT_PARKED, f"document {row.id} is not parked but {_state_text(row)}")
    holder = reservation_holder(row, request.now)
    if holder not in (None, request.by) and not request.force:
        raise ActionRefused(
            ErrorCode.RESERVED_BY_ANOTHER,
            f"{holder} has reserved document {row.id} until {row.reserved_until:%Y-%m-%d %H:%M} UTC",
        )
    return holder


def _finish(
    session: Session,
    action: Action,
    row: Submission,
    request: ActionRequest,
    result: ActionResult,
    holder: str | None,
) -> Submission:
    """Write *result* into *row* and the audit trail.

    *holder* had reserved the document; if another person acts, the audit trail names the holder.
    """
    if result.state is not None:
        # A worker that leased the document before the office acted must not write its outcome over this one.
        row.fence += 1
        row.reserved_by = row.reserved_until = None
        reason = ": ".join(filter(None, (result.sentence, request.why)))[:1000]
        row.reason, row.owner, row.decision = reason, result.owner, action.decision
        row.error_class = row.advice = None
        row.errors = []
        row.tries, row.unfinished_leases, row.first_failed_at, row.due_at = 0, 0, None, request.now
        move(session, row, result.state, now=request.now, actor=request.actor, note=reason)
    why = {"why": request.why} if request.why else {}
    overruled = {"overruled": holder} if holder not in (None, request.by) else {}
    audit.record(
        session,
        actor=request.actor,
        action=AUDIT_PREFIX + action.name,
        subject=row.id,
        now=request.now,
        detail={**why, **overruled, **result.detail},
    )
    return result.correction or row


def _state_text(row: Submission) -> str:
    text = row.state
    if row.decision:
        text += f" ({row.decision} by the office)"
    if row.superseded_by:
        text += f", replaced by {row.superseded_by}"
    return f"{text}, under {row.erp_number}" if row.erp_number else text
