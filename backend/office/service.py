"""Carry out an action of the office on one parked document, for the API and the CLI."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from backend import doorbell
from backend.clock import Clock
from backend.database.core import Sessions
from backend.identity import audit
from backend.inbox.models import Submission
from backend.inbox.restored import newest_loss
from backend.inbox.settle import settle
from backend.inbox.state_change import StateChange
from backend.inbox.supersession import lock_rep
from backend.office.access import OfficeUser, require_document
from backend.office.action import Action, ActionRequest, ActionResult, ErpQuestion
from backend.office.actions import ACTIONS
from backend.office.erp_check import Connect, ErpCheck, check_by_key, check_by_number, require_absent
from backend.office.errors import ActionRefused
from backend.office.queries import ParkedDocument, get_document, reservation_holder, to_view
from backend.settings import Settings
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.local_time import local_time
from sync_protocol.sentence import with_why
from sync_protocol.submission import State

AUDIT_PREFIX = "parked."
"""Before the name of each action in the audit trail."""


Authorize = Callable[[Session], OfficeUser | None]
"""Begins a transaction, and returns who acts; raises if the person may not act any more. None: an operator."""


class OfficeService:
    """Carries out actions, each in one transaction. The ERP is asked before it, outside of any transaction."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        settings: Settings,
        connect: Connect,
        authorize: Authorize = lambda session: None,
    ) -> None:
        """*connect* is called only if the ERP must be asked.

        *authorize* begins the transaction of an action, and returns who acts, so that the table of roles is
        applied to the document; it raises if the person may not act any more. None: an operator at the command
        line, who may do everything.
        """
        self.sessions, self.clock, self.settings, self.connect = sessions, clock, settings, connect
        self._authorize = authorize

    def perform(
        self,
        name: str,
        id: str,
        *,
        by: str,
        why: str = "",
        force: bool = False,
        also: Callable[[Session, Submission], None] | None = None,
        **arguments: Any,
    ) -> ParkedDocument:
        """Carry out the action *name* on the document *id*; return the document, or the correction after `fix`.

        Args:
            by: who acts, as `ActionRequest.by`.
            why: the reason, which the audit trail keeps and the rep reads.
            force: act although somebody else has reserved the document, or a check is in doubt.
            also: what the same transaction writes, given the document that answers.
            arguments: the fields that `Action.arguments` names; others are ignored.

        Raises:
            ActionRefused: and then nothing was changed.
            KeyError: if there is no action *name*.
        """
        action = ACTIONS[name]
        given = _required(action, why.strip(), arguments)
        before = self._read(id, action) if action.erp_question is not None or action.replaces_document else None
        erp_check = self._check_erp(action, before, given) if before is not None else None
        reservation = dt.timedelta(seconds=self.settings.parked_reservation_seconds)
        request = ActionRequest(
            by, f"user:{by}", self.clock.now(), reservation, why.strip(), force, given, erp_check
        )
        with self.sessions() as session, session.begin():
            user = self._authorize(session)
            if before is not None and action.replaces_document:
                # Before the row is locked: a push of the rep takes the two locks in this order too.
                lock_rep(session, before.rep)
            row = get_document(session, id, lock=True)
            if user is not None:
                require_document(session, user, action.permission, row)
            answer = act(session, action, row, request)
            if also is not None:
                also(session, answer)
            view = to_view(answer, request.now)
        if action.wakes_worker:
            # After the commit; before it, the worker would find nothing to send.
            doorbell.ring(self.settings)
        return view

    def _read(self, id: str, action: Action) -> Submission:
        with self.sessions() as session, session.begin():
            # Before the ERP is asked: its answer would tell about a document that the person may not see.
            user = self._authorize(session)
            # After a loss the ERP may have a document that seems not to have been sent.
            newest_loss(session, self.clock.now())
            document = get_document(session, id)
            if user is not None:
                require_document(session, user, action.permission, document)
            session.expunge(document)
        return document

    def _check_erp(self, action: Action, document: Submission, given: Mapping[str, Any]) -> ErpCheck | None:
        """Ask the ERP the question that *action* requires; return None where it need not be asked."""
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
    holder = _require_available(action, row, request)
    absent = action.erp_question is ErpQuestion.BY_KEY and require_absent(
        session, row, request.erp_check, overrule=request.overrules_doubt
    )
    result = action.perform(session, row, request)
    if result is None:
        return row
    if result.state is not None:
        _settle(session, action, row, request, result, result.state, absent)
    _record(session, action, row, request, result, holder)
    return result.correction or row


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


def _require_available(action: Action, row: Submission, request: ActionRequest) -> str | None:
    """Return who has reserved *row*; raises `ActionRefused` unless it is parked and free for *request*.

    An action on documents of any state checks the state itself.
    """
    if row.state != State.PARKED and not action.any_state:
        raise ActionRefused(ErrorCode.NOT_PARKED, f"document {row.id} is not parked but {_state_text(row)}")
    holder = reservation_holder(row, request.now)
    if holder not in (None, request.by) and not request.force:
        until = row.reserved_until or request.now  # whoever holds it holds it until a time
        raise ActionRefused(
            ErrorCode.RESERVED_BY_ANOTHER,
            f"{holder} has reserved document {row.id} until {local_time(until)}",
        )
    return holder


def _settle(
    session: Session,
    action: Action,
    row: Submission,
    request: ActionRequest,
    result: ActionResult,
    state: State,
    absent: bool,
) -> None:
    """Put *row* into *state*; *absent*: the ERP was asked and does not have it."""
    change = StateChange.decided(
        row,
        state,
        with_why(result.sentence, request.why),
        decision=action.decision,
        owner=result.owner,
        error_class=result.error_class,
        advice=result.advice,
        absent=absent,
        unlinked=result.unlinked,
        linked=result.linked,
        superseded_by=result.correction.id if result.correction else None,
        cause=result.cause,
        now=request.now,
    )
    row.reserved_by = row.reserved_until = None
    # A worker that leased the document before the office acted must not write its outcome over this one.
    settle(session, row, change, now=request.now, actor=request.actor, revoke_lease=True)


def _record(
    session: Session,
    action: Action,
    row: Submission,
    request: ActionRequest,
    result: ActionResult,
    holder: str | None,
) -> None:
    """Write the action into the audit trail; it names *holder* if another person had reserved the document."""
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


def _state_text(row: Submission) -> str:
    text = row.state
    if row.decision:
        text += f" ({row.decision} by the office)"
    if row.superseded_by:
        text += f", replaced by {row.superseded_by}"
    return f"{text}, under {row.erp_number}" if row.erp_number else text
