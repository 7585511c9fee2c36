"""Attempts: every call to the ERP is on disk before it is made."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.bulk import POSTGRESQL, dialect_of
from backend.database.core import table_of
from backend.database.writes import Writes
from backend.delivery.queue.lease import Lease, LeaseLost
from backend.inbox.models import Attempt, HistoryEntry, Submission
from backend.inbox.state_change import MAX_RAW
from backend.inbox.written import Beside
from sync_protocol.catalogue import KINDS
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
_RECORD = (
    insert(_ATTEMPT)
    .values(
        submission_id=bindparam("submission"),
        fence=bindparam("by_fence"),
        worker=bindparam("by_worker"),
        connector=bindparam("through"),
        step=bindparam("call"),
        started_at=bindparam("now"),
    )
    .returning(_ATTEMPT.c.id)
)
_CLOSE = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.id == bindparam("attempt"))
    .values(ended_at=bindparam("now"), outcome=bindparam("result"), detail=bindparam("text"))
)
_OPEN_FIND = Writes(closed=_CLOSE, renewed=_RENEW, recorded=_RECORD)
_OPEN = Writes(closed=_CLOSE, renewed=_RENEW_AND_MARK_SENT, recorded=_RECORD)
_LOCK = select(Submission).where(_NEWEST_LEASE).with_for_update().execution_options(populate_existing=True)
_CLOSE_AND_LOCK = _LOCK.add_cte(_CLOSE.cte("closed"))


def first_attempt(row: Submission, connector: str, now: dt.datetime) -> Beside | None:
    """Return what records the first call for *row*, which is being leased: the ERP is asked for our key.

    None for an aggregated kind, whose documents have no key of their own in the ERP.
    """
    if row.kind in KINDS and KINDS[row.kind].aggregated:
        return None
    return _RECORD, _recorded(row.id, row.fence, row.lease_owner, connector, Step.FIND, now)


def _recorded(
    id: str, fence: int, worker: str | None, connector: str, step: Step, now: dt.datetime
) -> dict[str, Any]:
    return {
        "submission": id,
        "by_fence": fence,
        "by_worker": worker,
        "through": connector,
        "call": step.value,
        "now": now,
    }


class AttemptLog:
    """The attempts of one lease. They are opened and closed here and nowhere else; at most one is open.

    The first one is opened with the lease and the last one closed with the settlement; the transfer opens one
    for each call between and reports the call's result.
    """

    def __init__(self, lease: Lease, connector: str, clock: Clock) -> None:
        self.lease, self.connector, self.clock = lease, connector, clock
        self.step: Step | None = Step.FIND if lease.first_attempt is not None else None
        """The newest call; None before the first one."""
        self._attempt: int | None = lease.first_attempt
        self._outcome: str = INTERRUPTED
        self._detail: str | None = None

    @property
    def has_result(self) -> bool:
        """Whether `report` was called for the open attempt."""
        return self._outcome != INTERRUPTED

    def open(self, session: Session, step: Step) -> dt.datetime:
        """Close the previous attempt, renew the lease, and write down that *step* is called next; return when.

        Call the ERP once this is committed. Unless *step* is FIND, the ERP may have the document from now on.

        Raises:
            LeaseLost: another worker has the submission. Roll back: the call is written down, and is not made.
        """
        now, lease = self.clock.now(), self.lease
        parameters = {
            **self._result(now),
            **_recorded(lease.id, lease.fence, lease.worker, self.connector, step, now),
            "until": now + dt.timedelta(seconds=lease.lease_seconds),
        }
        written = (_OPEN_FIND if step is Step.FIND else _OPEN).run(session, parameters)
        if written["renewed"] is None:
            raise LeaseLost(lease.id)
        self._attempt, self.step = written["recorded"], step
        self.report(INTERRUPTED)
        return now

    def report(self, outcome: str, detail: str | None = None) -> None:
        """Keep the result of the open attempt; `close` writes it down."""
        self._outcome, self._detail = outcome, detail

    def close(self, session: Session) -> None:
        """Write down the result of the open attempt, if there is one.

        Also for a worker that has lost its lease: the call was made.
        """
        if self._attempt is not None:
            session.connection().execute(_CLOSE, self._result(self.clock.now()))

    def close_and_lock(self, session: Session) -> Submission | None:
        """Close the open attempt; return the row of the lease, locked, or None if another worker has it.

        PostgreSQL does both in one statement.
        """
        lease = {"submission": self.lease.id, "by_fence": self.lease.fence}
        if dialect_of(session) == POSTGRESQL:
            parameters = {**self._result(self.clock.now()), **lease}
            return session.scalars(_CLOSE_AND_LOCK, parameters).one_or_none()
        self.close(session)
        return session.scalars(_LOCK, lease).one_or_none()

    def _result(self, now: dt.datetime) -> dict[str, Any]:
        return {
            "attempt": self._attempt,
            "now": now,
            "result": self._outcome,
            "text": self._detail[:MAX_RAW] if self._detail else None,
        }


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
