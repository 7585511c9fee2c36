"""Settling: what became of a claimed submission, written once, by whoever holds the newest claim."""

import datetime as dt
import logging
from collections.abc import Iterable

from sqlalchemy import bindparam, delete, or_, select
from sqlalchemy.orm import Session

from backend.delivery import attempts
from backend.delivery.queue.dependencies import wake_dependents
from backend.delivery.queue.lease import Lease, LeaseLost
from backend.delivery.transition import MAX_RAW, OWNER, ErpBinding, Transition
from backend.erp.errors import ErrorClass
from backend.feed.changes import publish
from backend.inbox.models import Binding, Submission
from backend.inbox.submissions import as_record, move
from sync_protocol.change import Put
from sync_protocol.submission import State

log = logging.getLogger(__name__)

_KNOWN = select(Binding).where(
    Binding.connector == bindparam("by"),
    Binding.entity == bindparam("kind"),
    or_(Binding.local_id == bindparam("ours"), Binding.external_id == bindparam("theirs")),
)


def settle(
    session: Session, lease: Lease, transition: Transition, *, connector: str, now: dt.datetime
) -> Submission | None:
    """Write *fate* if *claim* is still the newest; return the row, to be told of with `tell`, else None."""
    try:
        row = attempts.lock_leased_row(session, lease)
    except LeaseLost:
        log.warning(
            "%s: claim %d of %s came too late with %r; nothing is changed",
            lease.id, lease.fence, lease.worker, transition.state.value,
        )  # fmt: skip
        return None
    # This claim has come to its end. Those that were broken off before still count: a document that kills
    # every other worker would begin anew with each answer in between, and be claimed for ever.
    row.unfinished_leases -= 1
    apply_transition(session, row, transition, connector=connector, actor=f"worker:{lease.worker}", now=now)
    return row


def tell(session: Session, settled: Iterable[Submission]) -> None:
    """Publish how *settled* stand now. It is the transaction's last act."""
    records = {row.id: Put("submissions", row.id, as_record(row)) for row in settled}
    if records:
        publish(session, list(records.values()))


def apply_transition(
    session: Session, row: Submission, transition: Transition, *, connector: str, actor: str, now: dt.datetime
) -> None:
    """Write *fate* into *row* and its bindings; the caller publishes the record."""
    if transition.clear_erp_id or transition.replace_bindings:
        # The ERP may give the id to another document, and this one will get another, or has it.
        mine = (Binding.connector == connector, Binding.local_id == row.id)
        session.execute(delete(Binding).where(*mine))
    rival = bind(session, row, transition.bindings, connector, now)
    if rival is not None:
        transition = _binding_conflict(transition, rival)
    row.reason, row.owner, row.advice = transition.reason, transition.owner, transition.advice
    row.raw_reason = transition.raw[:MAX_RAW] if transition.raw else transition.raw
    row.error_class = transition.error_class.value if transition.error_class else None
    row.errors = [dict(error) for error in transition.errors]
    row.tries, row.first_failed_at = transition.tries, transition.first_failed_at
    if transition.state not in (State.QUEUED, State.UNKNOWN):
        row.unfinished_leases = 0
    row.last_sent_at = transition.sent_at
    row.due_at = transition.due_at or now
    row.erp_id = None if transition.clear_erp_id else transition.erp_id or row.erp_id
    row.erp_number = None if transition.clear_erp_id else transition.erp_number or row.erp_number
    move(session, row, transition.state, now=now, actor=actor, note=transition.reason)
    if transition.state is State.ACCEPTED:
        wake_dependents(session, row, now)


def bind(
    session: Session, row: Submission, bounds: tuple[ErpBinding, ...], connector: str, now: dt.datetime
) -> Binding | None:
    """Bind *row* to the ERP's ids. Where that contradicts a binding there is, return it and bind nothing."""
    fresh = []
    for bound in bounds:
        sought = {"by": connector, "kind": bound.entity, "ours": row.id, "theirs": bound.external_id}
        known = session.scalars(_KNOWN, sought).all()
        if any((b.local_id, b.external_id) == (row.id, bound.external_id) for b in known):
            continue
        if known and not bound.aggregated:
            return known[0]
        fresh.append(
            Binding(
                connector=connector,
                entity=bound.entity,
                local_id=row.id,
                external_id=bound.external_id,
                number=bound.number,
                aggregated=bound.aggregated,
                bound_at=now,
            )
        )
    session.add_all(fresh)
    return None


def _binding_conflict(fate: Transition, rival: Binding) -> Transition:
    return Transition(
        state=State.PARKED,
        sent_at=fate.sent_at,
        reason="Two documents are mixed up in the ERP; the office must look",
        raw=f"the ERP answered {fate.erp_id}, but document {rival.local_id} is bound to {rival.external_id}",
        error_class=ErrorClass.DUPLICATE_BAD,
        owner=OWNER[ErrorClass.DUPLICATE_BAD],
        erp_id=fate.erp_id,
        erp_number=fate.erp_number,
    )
