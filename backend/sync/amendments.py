"""Documents about other documents: a withdrawal takes one back, a change request asks the office about one.

A withdrawal is done when it has arrived: what it names is withdrawn, or it is refused because the ERP may have
that one. A change request waits for the office like any parked document, unless delivery has begun.
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
_GIVEN_UP = frozenset({State.WITHDRAWN, State.CANCELLED, State.SUPERSEDED, State.REJECTED})


class InitialState(NamedTuple):
    """How a wish begins: its state, who must act, and why."""

    state: State
    owner: str | None
    reason: str | None


def is_withdrawal(sealed: ParsedSubmission) -> bool:
    """Whether *sealed* is a withdrawal."""
    return sealed.kind is not None and sealed.kind.destination == INBOX


def is_change_request(sealed: ParsedSubmission) -> bool:
    """Whether *sealed* asks the office about another document, which may stand in the same push."""
    return sealed.kind is not None and sealed.kind.destination == OFFICE


def withdrawal_target(session: Session, rep: str, supersedes: str) -> Ancestors:
    """Return what a withdrawal of the document *supersedes* takes back, its row locked until the commit.

    That document alone: an original that a refused copy was to replace goes on. One that has not arrived, or is
    another rep's, is nothing; it is withdrawn when it arrives.
    """
    old = inbox.get(session, supersedes, lock=True)
    if old is None or old.rep != rep or old.state in (State.WITHDRAWN, State.CANCELLED):
        return Ancestors()
    if State(old.state) in REPLACEABLE and not inbox.may_be_in_erp(old):
        return Ancestors(replaced=[old])
    words = f"document {old.id} is {old.state} and may be in the ERP"
    if old.state == State.SUPERSEDED:
        words = f"{old.superseded_by} has taken the place of {old.id}; withdraw that one"
    return Ancestors(fault=Fault(ErrorCode.TOO_LATE, "supersedes", words))


def faults(session: Session, rep: str, sealed: ParsedSubmission) -> list[Fault]:
    """Return what speaks against *sealed*, whose form is right, as a wish of *rep*; nothing for other kinds."""
    if sealed.kind is None or sealed.kind.destination == TO_ERP:
        return []
    about = sealed.body["submission_id"]
    if is_withdrawal(sealed):
        if sealed.envelope.get("supersedes") != about:
            return [Fault(ErrorCode.FIELD_INVALID, "supersedes", "must name the document that is withdrawn")]
        return []
    row = inbox.get(session, about)
    if row is None or row.rep != rep:
        return [Fault(ErrorCode.UNKNOWN_RECORD, "submission_id", f"{about} is not among your documents")]
    if State(row.state) in _GIVEN_UP or (State(row.state) in REPLACEABLE and not inbox.may_be_in_erp(row)):
        words = f"it is {row.state}: withdraw it or send an edited copy while it has not been sent"
        return [Fault(ErrorCode.NOT_IN_FORCE, "submission_id", words)]
    kind = KINDS.get(row.kind)
    read_back = kind.erp_record if kind else None
    order = live(session, read_back.collection, row.erp_id) if read_back and row.erp_id else None
    if read_back and order is not None and read_back.decision(order) is State.CANCELLED:
        return [Fault(ErrorCode.NOT_IN_FORCE, "submission_id", "it was cancelled in the ERP")]
    if order is not None and delivery_started(order):
        return [Fault(ErrorCode.DELIVERY_BEGUN, "submission_id", f"the delivery of {row.erp_number} has begun")]
    return []


def initial_state(session: Session, sealed: ParsedSubmission) -> InitialState:
    """Return how the wish *sealed*, which nothing speaks against, begins."""
    if is_withdrawal(sealed):
        return InitialState(State.ACCEPTED, None, None)
    body = sealed.body
    row = inbox.get(session, body["submission_id"])
    what = f"{title_of(row)}, {row.erp_number or row.id}" if row else body["submission_id"]
    return InitialState(
        State.PARKED, "office", f"The rep asks to {body['action']} {what}: {body['message']}"[:1000]
    )


def supersede(
    session: Session, old: Submission, newer: ParsedSubmission, *, now: dt.datetime, actor: str
) -> None:
    """Let *newer* take the place of *old*, or withdraw it."""
    if is_withdrawal(newer):
        old.reason, old.owner = newer.body.get("reason") or "Withdrawn by the rep", None
        inbox.move(session, old, State.WITHDRAWN, now=now, actor=actor, note=old.reason)
    else:
        inbox.move(session, old, State.SUPERSEDED, now=now, actor=actor)
        old.superseded_by = newer.id


def late_arrival_state(session: Session, newer: str) -> tuple[State, str, str | None]:
    """Return how a document begins that *newer* overtook: its state, why, and what took its place."""
    row = inbox.get(session, newer)
    kind = KINDS.get(row.kind) if row is not None else None
    if kind is not None and kind.destination == INBOX:
        return State.WITHDRAWN, "It was withdrawn before it came", None
    return State.SUPERSEDED, "A newer version came before it", newer


def delivery_started(order: Mapping[str, Any]) -> bool:
    """Whether the delivery of *order*, a record of the collection, has begun."""
    return order["axes"]["delivery"] in ("partial", "delivered") or any(
        delivery["status"] in _DELIVERY_STARTED for delivery in order["deliveries"]
    )
