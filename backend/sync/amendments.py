"""Amendments: documents about other documents. A withdrawal takes one back; a change request is for the office.

A withdrawal takes effect when it arrives: the document that it names is withdrawn, or the withdrawal is refused
because the ERP may have the document. A change request waits for the office like any parked document, unless
the delivery has started.
"""

import datetime as dt
from typing import NamedTuple

from sqlalchemy.orm import Session

from backend.feed.changes import live
from backend.inbox import submissions as inbox
from backend.inbox.models import Submission
from backend.inbox.records import name_of
from backend.inbox.settle import settle
from backend.inbox.state_change import StateChange
from backend.inbox.supersession import Ancestors, in_erp
from backend.sync.validation import ParsedSubmission
from sync_protocol.blank import is_blank
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import INBOX, OFFICE, TO_ERP
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Record
from sync_protocol.sentence import sentence
from sync_protocol.submission import REPLACEABLE, State

_DELIVERY_STARTED = frozenset({"picked", "packed", "shipped", "done"})
_ENDED = {
    State.WITHDRAWN: "nothing_to_change_withdrawn",
    State.CANCELLED: "nothing_to_change_cancelled",
    State.SUPERSEDED: "change_newer",
    State.REJECTED: "correct_rejected",
}
"""States in which the office has nothing to change, and the sentence that the rep reads."""


class InitialState(NamedTuple):
    """The first state of an amendment, its owner (who must act; None: no one), and the reason."""

    state: State
    owner: str | None
    reason: str | None


def is_withdrawal(submission: ParsedSubmission) -> bool:
    """Return whether *submission* is a withdrawal."""
    return submission.kind is not None and submission.kind.destination == INBOX


def is_change_request(submission: ParsedSubmission) -> bool:
    """Return whether *submission* is a change request; its document may be in the same push."""
    return submission.kind is not None and submission.kind.destination == OFFICE


def target_of(submission: ParsedSubmission) -> str | None:
    """Return the id of the document that *submission* is about, if it is an amendment of the right form."""
    is_amendment = is_withdrawal(submission) or is_change_request(submission)
    return submission.body["submission_id"] if is_amendment and not submission.form_faults else None


def withdrawal_target(session: Session, rep: str, supersedes: str) -> Ancestors:
    """Return what a withdrawal of the document *supersedes* takes back; its row is locked until the commit.

    It takes back that document alone: if the document is a refused copy, its original stays in force. If the
    document has not arrived yet, or belongs to another rep, the result is empty; a document of this rep is
    withdrawn when it arrives. The result holds a fault if the document can no longer be withdrawn.
    """
    old = inbox.get(session, supersedes, lock=True)
    if old is None or old.rep != rep or old.state in (State.WITHDRAWN, State.CANCELLED):
        return Ancestors()
    if State(old.state) in REPLACEABLE and not inbox.may_be_in_erp(old):
        return Ancestors(replaced=[old.id])
    message = sentence("too_late_to_withdraw", where=in_erp(old))
    if old.state == State.SUPERSEDED:
        message = sentence("withdraw_newer", document=name_of(old))
    return Ancestors(fault=Fault(ErrorCode.TOO_LATE, "supersedes", message))


def faults(session: Session, rep: str, submission: ParsedSubmission) -> list[Fault]:
    """Return the faults of *submission* as an amendment by *rep*; none for other kinds. Its form is valid."""
    if submission.kind is None or submission.kind.destination == TO_ERP:
        return []
    target_id = submission.body["submission_id"]
    if is_withdrawal(submission):
        if submission.envelope.get("supersedes") != target_id:
            message = sentence("withdrawal_without_document")
            return [Fault(ErrorCode.FIELD_INVALID, "supersedes", message)]
        return []
    row = inbox.get(session, target_id)
    if row is None or row.rep != rep:
        message = sentence("not_your_document")
        return [Fault(ErrorCode.UNKNOWN_RECORD, "submission_id", message)]
    name, state = name_of(row), State(row.state)
    if state in _ENDED:
        message = sentence(_ENDED[state], document=name)
        return [Fault(ErrorCode.NOT_IN_FORCE, "submission_id", message)]
    if state in REPLACEABLE and not inbox.may_be_in_erp(row):
        message = sentence("not_sent_yet", document=name)
        return [Fault(ErrorCode.NOT_IN_FORCE, "submission_id", message)]
    kind = KINDS.get(row.kind)
    read_back = kind.erp_record if kind else None
    order = live(session, read_back.collection, row.erp_id) if read_back and row.erp_id else None
    if read_back and order is not None and read_back.decision(order) is State.CANCELLED:
        message = sentence("cancelled_there", document=name)
        return [Fault(ErrorCode.NOT_IN_FORCE, "submission_id", message)]
    if order is not None and delivery_started(order):
        message = sentence("delivery_begun", document=name)
        return [Fault(ErrorCode.DELIVERY_BEGUN, "submission_id", message)]
    return []


def initial_state(session: Session, submission: ParsedSubmission) -> InitialState:
    """Return the first state of the amendment *submission*, which has no faults."""
    if is_withdrawal(submission):
        return InitialState(State.ACCEPTED, None, None)
    body = submission.body
    row = inbox.get(session, body["submission_id"])
    description = name_of(row) if row else body["submission_id"]
    code = "asks_cancel" if body["action"] == "cancel" else "asks_change"
    return InitialState(State.PARKED, "office", sentence(code, document=description, message=body["message"]))


def supersede(
    session: Session, old: Submission, newer: ParsedSubmission, *, now: dt.datetime, actor: str
) -> None:
    """Replace *old* with *newer*, or withdraw it if *newer* is a withdrawal."""
    if is_withdrawal(newer):
        change = StateChange.withdrawn(old, _meaningful(newer.body.get("reason")))
    else:
        change = StateChange.superseded(old, newer.id)
    settle(session, old, change, now=now, actor=actor)


def _meaningful(reason: str | None) -> str | None:
    return None if is_blank(reason) else reason


def late_arrival_state(session: Session, newer: str) -> tuple[State, str, str | None]:
    """Return the first state of a document that arrives after its replacement *newer*.

    Return also the reason, and the id of the replacement; None if it was withdrawn.
    """
    row = inbox.get(session, newer)
    kind = KINDS.get(row.kind) if row is not None else None
    if kind is not None and kind.destination == INBOX:
        return State.WITHDRAWN, sentence("withdrawn_before_arrival"), None
    return State.SUPERSEDED, sentence("newer_arrived_first"), newer


def delivery_started(order: Record) -> bool:
    """Return whether the delivery of *order*, a record of `orders`, has started."""
    return order["axes"]["delivery"] in ("partial", "delivered") or any(
        delivery["status"] in _DELIVERY_STARTED for delivery in order["deliveries"]
    )
