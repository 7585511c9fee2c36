"""Settle: write a transition into a submission and its bindings."""

import datetime as dt
import logging

from sqlalchemy import bindparam, delete, or_, select
from sqlalchemy.orm import Session

from backend.delivery import attempts
from backend.delivery.queue.dependencies import wake_dependents
from backend.delivery.queue.lease import Lease, LeaseLost
from backend.delivery.transition import MAX_RAW, ErpBinding, Transition
from backend.inbox.models import Binding, Submission
from backend.inbox.submissions import move
from sync_protocol.submission import State

log = logging.getLogger(__name__)

_BINDINGS = select(Binding).where(
    Binding.connector == bindparam("by"),
    Binding.entity == bindparam("kind"),
    or_(Binding.local_id == bindparam("ours"), Binding.external_id == bindparam("theirs")),
)


def settle_lease(
    session: Session, lease: Lease, transition: Transition, *, connector: str, now: dt.datetime
) -> Submission | None:
    """Settle the submission of *lease*; return its row, or None if the lease is not the newest one."""
    try:
        row = attempts.lock_leased_row(session, lease)
    except LeaseLost:
        log.warning(
            "%s: lease %d of %s came too late with %r; nothing is changed",
            lease.id, lease.fence, lease.worker, transition.state.value,
        )  # fmt: skip
        return None
    # Only this lease ended with an answer. Those that were interrupted before still count: otherwise a document
    # that kills every other worker would start again with each answer in between, and be leased forever.
    row.unfinished_leases -= 1
    settle(session, row, transition, connector=connector, actor=f"worker:{lease.worker}", now=now)
    return row


def settle(
    session: Session,
    row: Submission,
    transition: Transition,
    *,
    connector: str,
    actor: str,
    now: dt.datetime,
    revoke_lease: bool = False,
) -> None:
    """Write *transition* into *row* and its bindings, and wake the documents that waited for it.

    The caller has locked *row*. With *revoke_lease* a worker that still has a lease from before cannot settle
    over this. A binding that contradicts an existing one parks the document instead.
    """
    if revoke_lease:
        row.fence += 1
    if transition.clear_erp_id or transition.replace_bindings:
        # The ERP may give the id to another document; this one gets another id, or has it already.
        of_row = (Binding.connector == connector, Binding.local_id == row.id)
        session.execute(delete(Binding).where(*of_row))
    rival = bind(session, row, transition.bindings, connector, now)
    if rival is not None:
        transition = Transition.binding_conflict(transition, rival.local_id, rival.external_id)
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
    session: Session, row: Submission, bindings: tuple[ErpBinding, ...], connector: str, now: dt.datetime
) -> Binding | None:
    """Bind *row* to the ERP's ids. If an existing binding contradicts one, bind nothing and return that."""
    new = []
    for binding in bindings:
        parameters = {"by": connector, "kind": binding.entity, "ours": row.id, "theirs": binding.external_id}
        existing = session.scalars(_BINDINGS, parameters).all()
        if any((b.local_id, b.external_id) == (row.id, binding.external_id) for b in existing):
            continue
        if existing and not binding.aggregated:
            return existing[0]
        new.append(
            Binding(
                connector=connector,
                entity=binding.entity,
                local_id=row.id,
                external_id=binding.external_id,
                number=binding.number,
                aggregated=binding.aggregated,
                bound_at=now,
            )
        )
    session.add_all(new)
    return None
