"""Attempts: every call to the ERP is on disk before it is made."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import table_of
from backend.delivery.queue.lease import Lease, LeaseLost
from backend.delivery.transition import MAX_RAW
from backend.inbox.models import Attempt, HistoryEntry, Submission
from sync_protocol.submission import State


class Step(StrEnum):
    """A call to the ERP."""

    FIND = "find"
    CREATE = "create"
    ADVANCE = "advance"
    UPSERT = "upsert"


INTERRUPTED = "interrupted"
"""Outcome of an attempt whose call neither returned nor failed in the ERP: we stopped it."""

# Each document needs these several times, and building a statement takes longer than running it.
_SUBMISSION, _ATTEMPT = table_of(Submission), table_of(Attempt)
_NEWEST_LEASE = and_(
    _SUBMISSION.c.id == bindparam("submission"),
    _SUBMISSION.c.fence == bindparam("by_fence"),
    _SUBMISSION.c.state == State.SENDING.value,
)
_RENEW = (
    update(_SUBMISSION).where(_NEWEST_LEASE).values(lease_until=bindparam("until")).returning(_SUBMISSION.c.id)
)
_RENEW_AND_MARK_SENT = _RENEW.values(last_sent_at=bindparam("now"))
_INSERT = insert(_ATTEMPT).returning(_ATTEMPT.c.id)
_CLOSE = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.id == bindparam("attempt"))
    .values(ended_at=bindparam("now"), outcome=bindparam("result"), detail=bindparam("text"))
)
_LOCK = select(Submission).where(_NEWEST_LEASE).with_for_update().execution_options(populate_existing=True)


class AttemptLog:
    """The attempts of one lease. They are opened and closed here and nowhere else; at most one is open.

    The forwarder makes it with the lease and closes it with the settlement; the transfer opens one attempt for
    each call and reports the call's result.
    """

    def __init__(self, lease: Lease, connector: str, clock: Clock) -> None:
        self.lease, self.connector, self.clock = lease, connector, clock
        self.step: Step | None = None
        """The newest call; None before the first one."""
        self._attempt: int | None = None
        self._outcome: str = INTERRUPTED
        self._detail: str | None = None

    @property
    def has_result(self) -> bool:
        """Whether `report` was called for the open attempt."""
        return self._outcome != INTERRUPTED

    def open_first(self, session: Session, step: Step) -> None:
        """Write down *step* in the transaction that takes the lease, which spares one of its own."""
        self._insert(session, step, self.clock.now())

    def open(self, session: Session, step: Step) -> dt.datetime:
        """Close the previous attempt, renew the lease, and write down that *step* is called next; return when.

        Call the ERP once this is committed. Unless *step* is FIND, the ERP may have the document from now on.

        Raises:
            LeaseLost: another worker has the submission.
        """
        now = self.clock.now()
        self.close(session)
        until = now + dt.timedelta(seconds=self.lease.lease_seconds)
        values = {"submission": self.lease.id, "by_fence": self.lease.fence, "until": until}
        statement = _RENEW
        if step is not Step.FIND:
            statement, values = _RENEW_AND_MARK_SENT, {**values, "now": now}
        if session.connection().execute(statement, values).first() is None:
            raise LeaseLost(self.lease.id)
        self._insert(session, step, now)
        return now

    def report(self, outcome: str, detail: str | None = None) -> None:
        """Keep the result of the open attempt; `close` writes it down."""
        self._outcome, self._detail = outcome, detail

    def close(self, session: Session) -> None:
        """Write down the result of the open attempt, if there is one.

        Also for a worker that has lost its lease: the call was made.
        """
        if self._attempt is None:
            return
        values = {
            "attempt": self._attempt,
            "now": self.clock.now(),
            "result": self._outcome,
            "text": self._detail[:MAX_RAW] if self._detail else None,
        }
        session.connection().execute(_CLOSE, values)

    def _insert(self, session: Session, step: Step, now: dt.datetime) -> None:
        values = {
            "submission_id": self.lease.id,
            "fence": self.lease.fence,
            "worker": self.lease.worker,
            "connector": self.connector,
            "step": step.value,
            "started_at": now,
        }
        self._attempt = session.connection().execute(_INSERT, values).scalar_one()
        self.step = step
        self.report(INTERRUPTED)


def lock_leased_row(session: Session, lease: Lease) -> Submission:
    """Return the row of *lease*, locked; raises `LeaseLost` if the lease is not the newest one."""
    row = session.scalars(_LOCK, {"submission": lease.id, "by_fence": lease.fence}).one_or_none()
    if row is None:
        raise LeaseLost(lease.id)
    return row


def count(session: Session, id: str, outcome: str) -> int:
    """Return how many attempts at the submission *id* ended as *outcome* since it last left our hands.

    The count starts again after a decision by a person or an answer of the ERP: what was before has been dealt
    with.
    """
    ours = [state.value for state in (State.RECEIVED, State.QUEUED, State.SENDING, State.UNKNOWN)]
    last_elsewhere = (
        select(func.max(HistoryEntry.at))
        .where(HistoryEntry.submission_id == id, HistoryEntry.state.not_in(ours))
        .scalar_subquery()
    )
    statement = select(func.count()).where(
        Attempt.submission_id == id,
        Attempt.outcome == outcome,
        or_(last_elsewhere.is_(None), Attempt.started_at > last_elsewhere),
    )
    return session.scalar(statement) or 0
