"""Settle: the one function that changes the state of a submission, and what a phone or the office reads of it.

An architecture test checks that nothing else assigns these fields.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from backend.erp.errors import ErrorClass
from backend.inbox.cause import UNSPECIFIED, cause_of
from backend.inbox.dependents import wake_dependents_of_replaced
from backend.inbox.models import Binding, Submission
from backend.inbox.records import queue_record
from backend.inbox.state_change import MAX_RAW, MAX_REASON, ErpBinding, StateChange, template_of
from backend.inbox.written import Beside, Written, bindings_json, insert_bindings, write
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import TO_ERP
from sync_protocol.readable import readable
from sync_protocol.sentence import sentence
from sync_protocol.submission import State, may_move

_BINDINGS = select(Binding).where(
    Binding.connector == bindparam("by"),
    Binding.entity == bindparam("kind"),
    or_(
        Binding.local_id == bindparam("ours"),
        Binding.external_id == bindparam("theirs"),
        Binding.number == bindparam("number"),
    ),
)
_LEASED_AGAIN = frozenset({State.QUEUED, State.UNKNOWN, State.SENDING})


class Bound(NamedTuple):
    """What `bind` has found: a binding that contradicts, or one of another document with the same number."""

    rival: Binding | None
    namesake: Binding | None


class IllegalMove(RuntimeError):
    """The states of a submission do not allow this move."""


def settle(
    session: Session,
    row: Submission,
    change: StateChange,
    *,
    now: dt.datetime,
    actor: str,
    connector: str | None = None,
    revoke_lease: bool = False,
    beside: Beside | None = None,
) -> Any:
    """Write *change* into *row* and its bindings, add a history entry, and queue its record for the phones.

    The caller has locked *row*. A move out of SENDING gives up the lease. An acceptance wakes the documents
    that waited for *row*.

    Args:
        actor: device:<id>, worker:<name>, erp or user:<name>.
        connector: whose bindings change; None leaves all of them. A binding that contradicts an existing one
            parks the document instead.
        revoke_lease: whether a worker that still has a lease from before may not settle over this.
        beside: what is written in the same statement.

    Returns what *beside* returns.

    Raises:
        IllegalMove: the state of *change* cannot follow the current one.
    """
    if revoke_lease:
        row.fence += 1
    new: Sequence[ErpBinding] = ()
    if connector is not None:
        change, new = _agreed_bindings(session, row, change, connector)
    old = State(row.state)
    if not may_move(old, change.state):
        raise IllegalMove(f"submission {row.id} cannot go from {old} to {change.state}")
    _write_result(row, change, now)
    if old is State.SENDING:
        row.lease_owner = None
        row.lease_until = None
    row.state = change.state.value
    row.updated_at = now
    wakes = State.ACCEPTED in (old, change.state) and _may_have_dependents(row)
    note = change.reason if change.note is None else change.note or None
    written = Written(actor, note, now, wakes, bindings_json(new), connector, beside)
    returned = write(session, row, written)
    queue_record(session, row)
    if wakes:
        # If it has left the ERP, they are due too: the worker sees that they must wait, and says so.
        wake_dependents_of_replaced(session, row, now)
    return returned


def explain(
    session: Session,
    row: Submission,
    reason: str,
    *,
    owner: str | None,
    now: dt.datetime,
    lacking: Collection[str] | None = None,
) -> None:
    """Write why *row* stays in its state, and who must act; *lacking* as in `queue_record`."""
    row.reason, row.owner, row.updated_at = str(readable(reason, MAX_REASON)), owner, now
    row.reason_template = template_of(reason)
    queue_record(session, row, lacking)


def mark_sent(session: Session, documents: ColumnElement[bool], until: dt.datetime) -> None:
    """Record that the ERP may have *documents* (a condition): they may have been sent until then.

    A worker that has leased one of them before may not settle it any more.
    """
    session.execute(
        update(Submission).where(documents).values(last_sent_at=until, fence=Submission.fence + 1),
        execution_options={"synchronize_session": False},
    )


def clear_sent(rows: Collection[Submission]) -> None:
    """Record that the ERP certainly does not have *rows*, which the caller has locked."""
    for row in rows:
        row.last_sent_at = None


def bind(
    session: Session, row: Submission, bindings: tuple[ErpBinding, ...], connector: str, now: dt.datetime
) -> Bound:
    """Bind *row* to the ERP's ids. If an existing binding contradicts one, bind nothing and return that.

    An ERP that gives no id for a document gives its number as the id. Then another document with that number is
    the same one.
    """
    bound, new = _compared(session, row, bindings, connector)
    if new:
        insert_bindings(session, row, new, connector, now)
    return bound


def _compared(
    session: Session, row: Submission, bindings: tuple[ErpBinding, ...], connector: str
) -> tuple[Bound, list[ErpBinding]]:
    """Compare *bindings* with the stored ones; return what was found, and those that must be stored."""
    new: list[ErpBinding] = []
    namesake: Binding | None = None
    for binding in bindings:
        # *row* is written later, together with its bindings.
        with session.no_autoflush:
            related = session.scalars(_BINDINGS, _parameters(row, binding, connector)).all()
        existing = [b for b in related if not _is_namesake(b, row, binding)]
        if any((b.local_id, b.external_id) == (row.id, binding.external_id) for b in existing):
            continue
        if existing and not binding.aggregated:
            return Bound(existing[0], None), []
        namesake = namesake or next((b for b in related if _is_namesake(b, row, binding)), None)
        new.append(binding)
    return Bound(None, namesake), new


def _agreed_bindings(
    session: Session, row: Submission, change: StateChange, connector: str
) -> tuple[StateChange, Sequence[ErpBinding]]:
    """Return *change* and its new bindings, or the change that parks *row* because one contradicts another."""
    if change.clear_erp_id or change.replace_bindings:
        # The ERP may give the id to another document; this one gets another id, or has it already.
        of_row = (Binding.connector == connector, Binding.local_id == row.id)
        session.execute(delete(Binding).where(*of_row))
    if not change.bindings:
        return change, ()
    (rival, namesake), new = _compared(session, row, change.bindings, connector)
    if rival is None:
        return change if namesake is None else _with_namesake(change, namesake), new
    if rival.local_id != row.id:
        return StateChange.number_conflict(change, rival.local_id), ()
    return _second_id(change, rival), ()


def _parameters(row: Submission, binding: ErpBinding, connector: str) -> dict[str, str | None]:
    return {
        "by": connector,
        "kind": binding.entity,
        "ours": row.id,
        "theirs": binding.external_id,
        "number": None if binding.aggregated else binding.number,
    }


def _is_namesake(other: Binding, row: Submission, binding: ErpBinding) -> bool:
    """Say whether *other* has only the number in common with *binding*: the ERP's ids of both differ."""
    if other.local_id == row.id or other.external_id == binding.external_id:
        return False
    return other.external_id != other.number and binding.external_id != binding.number


def unbind(session: Session, row: Submission) -> None:
    """Delete all bindings of *row*."""
    session.execute(delete(Binding).where(Binding.local_id == row.id))


def _with_namesake(change: StateChange, other: Binding) -> StateChange:
    """Return *change* with a note that the ERP has given its number to the document of *other* as well."""
    reason = change.reason if change.note is None else change.note
    note = (
        f"the ERP has given the number {other.number} to document {other.local_id} as well; "
        f"its ids are {change.erp_id} and {other.external_id}"
    )
    return replace(change, note=f"{reason}; {note}" if reason else note)


def _second_id(change: StateChange, own: Binding) -> StateChange:
    """Return the change that parks a document for which the ERP answers an id that differs from *own*."""
    return StateChange(
        State.PARKED,
        change.sent_at,
        sentence("two_numbers_in_erp"),
        f"the ERP answered {change.erp_id}, but the document is {own.number or own.external_id} there",
        ErrorClass.DUPLICATE_BAD.value,
        "office",
        erp_id=change.erp_id,
        erp_number=change.erp_number,
    )


def _write_result(row: Submission, change: StateChange, now: dt.datetime) -> None:
    row.reason = str(readable(change.reason, MAX_REASON)) if change.reason else change.reason
    row.reason_template = template_of(change.reason)
    row.advice = readable(change.advice, MAX_REASON) if change.advice else change.advice
    row.owner = change.owner
    row.raw_reason = change.raw[:MAX_RAW] if change.raw else change.raw
    row.error_class = str(change.error_class) if change.error_class else None
    if change.state is State.PARKED:
        # It stays when the document leaves that state, so that the office can take a repair back.
        row.cause = change.cause or cause_of(row.error_class or UNSPECIFIED, row.raw_reason, row.errors)
    row.errors = list(change.errors)
    row.tries, row.first_failed_at = change.tries, change.first_failed_at
    if change.state not in _LEASED_AGAIN:
        row.unfinished_leases = 0
    row.last_sent_at = change.sent_at
    row.due_at = change.due_at or now
    row.erp_id = None if change.clear_erp_id else change.erp_id or row.erp_id
    row.erp_number = None if change.clear_erp_id else change.erp_number or row.erp_number
    row.superseded_by = change.superseded_by or row.superseded_by
    row.decision = None if change.clear_decision else change.decision or row.decision


def _may_have_dependents(row: Submission) -> bool:
    """Say whether documents may wait for *row* to be in the ERP; a change request never gets there."""
    kind = KINDS.get(row.kind)
    return kind is None or kind.destination == TO_ERP
