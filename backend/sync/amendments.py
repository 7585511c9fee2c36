"""Amendments: documents about other documents. A withdrawal takes one back; a change request is for the office.

A withdrawal takes effect when it arrives: the document that it names is withdrawn, or the withdrawal is refused
because the ERP may have the document. A change request waits for the office like any parked document, unless
the delivery has started.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from backend.feed.changes import live
from backend.inbox import submissions as inbox
from backend.inbox.models import Submission
from backend.inbox.records import title_of
from backend.inbox.supersession import Ancestors
from backend.sync.validation import ParsedSubmission
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import INBOX, OFFICE, TO_ERP
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.submission import REPLACEABLE, State

_DELIVERY_STARTED = frozenset({"picked", "packed", "shipped", "done"})
_ENDED = frozenset({State.WITHDRAWN, State.CANCELLED, State.SUPERSEDED, State.REJECTED})


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
        return Ancestors(replaced=[old])
    message = f"document {old.id} is {old.state} and may be in the ERP"
    if old.state == State.SUPERSEDED:
        message = f"{old.superseded_by} has replaced {old.id}; withdraw that one"
    return Ancestors(fault=Fault(ErrorCode.TOO_LATE, "supersedes", message))


def faults(session: Session, rep: str, submission: ParsedSubmission) -> list[Fault]:
    """Return the faults of *submission* as an amendment by *rep*; none for other kinds. Its form is valid."""
    if submission.kind is None or submission.kind.destination == TO_ERP:
        return []
    target_id = submission.body["submission_id"]
    if is_withdrawal(submission):
        if submission.envelope.get("supersedes") != target_id:
            return [Fault(ErrorCode.FIELD_INVALID, "supersedes", "must name the document that is withdrawn")]
        return []
    row = inbox.get(session, target_id)
    if row is None or row.rep != rep:
        return [Fault(ErrorCode.UNKNOWN_RECORD, "submission_id", f"{target_id} is not among your documents")]
    if State(row.state) in _ENDED or (State(row.state) in REPLACEABLE and not inbox.may_be_in_erp(row)):
        message = f"it is {row.state}: withdraw it or send an edited copy while it has not been sent"
        return [Fault(ErrorCode.NOT_IN_FORCE, "submission_id", message)]
    kind = KINDS.get(row.kind)
    read_back = kind.erp_record if kind else None
    order = live(session, read_back.collection, row.erp_id) if read_back and row.erp_id else None
    if read_back and order is not None and read_back.decision(order) is State.CANCELLED:
        return [Fault(ErrorCode.NOT_IN_FORCE, "submission_id", "it was cancelled in the ERP")]
    if order is not None and delivery_started(order):
        return [Fault(ErrorCode.DELIVERY_BEGUN, "submission_id", f"the delivery of {row.erp_number} has begun")]
    return []


def initial_state(session: Session, submission: ParsedSubmission) -> InitialState:
    """Return the first state of the amendment *submission*, which has no faults."""
    if is_withdrawal(submission):
        return InitialState(State.ACCEPTED, None, None)
    body = submission.body
    row = inbox.get(session, body["submission_id"])
    what = f"{title_of(row)}, {row.erp_number or row.id}" if row else body["submission_id"]
    return InitialState(
        State.PARKED, "office", f"The rep asks to {body['action']} {what}: {body['message']}"[:1000]
    )


def supersede(
    session: Session, old: Submission, newer: ParsedSubmission, *, now: dt.datetime, actor: str
) -> None:
    """Replace *old* with *newer*, or withdraw it if *newer* is a withdrawal."""
    if is_withdrawal(newer):
        old.reason, old.owner = newer.body.get("reason") or "Withdrawn by the rep", None
        inbox.move(session, old, State.WITHDRAWN, now=now, actor=actor, note=old.reason)
    else:
        inbox.move(session, old, State.SUPERSEDED, now=now, actor=actor)
        old.superseded_by = newer.id


def late_arrival_state(session: Session, newer: str) -> tuple[State, str, str | None]:
    """Return the first state of a document that arrives after its replacement *newer*.

    Return also the reason, and the id of the replacement; None if it was withdrawn.
    """
    row = inbox.get(session, newer)
    kind = KINDS.get(row.kind) if row is not None else None
    if kind is not None and kind.destination == INBOX:
        return State.WITHDRAWN, "It was withdrawn before it arrived", None
    return State.SUPERSEDED, "A newer version arrived before it", newer


def delivery_started(order: Mapping[str, Any]) -> bool:
    """Return whether the delivery of *order*, a record of `orders`, has started."""
    return order["axes"]["delivery"] in ("partial", "delivered") or any(
        delivery["status"] in _DELIVERY_STARTED for delivery in order["deliveries"]
    )
