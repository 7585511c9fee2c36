"""Restored: which documents the ERP may have although our database does not say so.

A restore, or a failover that lost the last commits, leaves a database that is older than what was sent. A
document that was not sent yet in it, or that a phone pushes again, may have reached the ERP. Such a document is
*being checked*: it is `received`, and `last_sent_at` says until when it may have been sent. While it is
checked, no rule decides about it, and nothing replaces, withdraws or sends it.
"""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session
from ulid import ULID

from backend.database.bulk import dialect_of
from backend.database.core import Sessions
from backend.feed import positions
from backend.feed.models import FeedEpoch, FeedHead
from backend.feed.positions import EpochCause
from backend.identity import audit
from backend.inbox.models import Submission
from backend.inbox.settle import mark_sent, settle
from backend.inbox.state_change import ORIGINAL_MISSING, PHONE_MISSING, StateChange
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import OFFICE, Kind
from sync_protocol.fields import Ulid
from sync_protocol.json_types import Body
from sync_protocol.sentence import sentence
from sync_protocol.submission import State

BEGAN = "epoch.begun"
"""In the audit trail: who noticed a loss, and when."""
CHECKING = sentence("checking")
"""The reason while a document is checked; in the history, that no rule has decided about it before."""
MAY_BE_SENT = "It may have been sent before the server lost its newest data"
UNDECIDED = frozenset({ORIGINAL_MISSING, PHONE_MISSING})
"""Classes of documents that are parked because something has not come back; if it does, the rules decide."""
CLOCK_TOLERANCE = dt.timedelta(days=1)
"""How far the clock of a phone may be from the server's for its date of capture to count."""

IN_ERP = (State.ACCEPTED, State.HANDED_OVER, State.ON_HOLD, State.UNKNOWN, State.SENDING)
"""States of a document that the ERP has or may have, and that is not checked any more."""
_UNSENT = tuple(state.value for state in (State.RECEIVED, State.AWAITING_APPROVAL, State.QUEUED))
_OPEN = (State.SENDING.value, State.UNKNOWN.value)
_BATCH = 200
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class DataLoss:
    """The newest loss of data in our database."""

    noticed_at: dt.datetime
    """Until then the lost history may have sent documents."""
    is_reconciled: bool
    """Whether an operator has compared the database with the ERP since; until then nothing is sent."""

    def may_concern(self, id: str, now: dt.datetime) -> bool:
        """Say whether the document *id* may have been pushed before the loss.

        An id contains the time of capture by the phone's clock. A time in the future proves nothing.
        """
        captured_at = _captured_at(id)
        is_newer = self.noticed_at + CLOCK_TOLERANCE < captured_at <= now + CLOCK_TOLERANCE
        return not (self.is_reconciled and is_newer)

    def may_have_been_amended(self, id: str, now: dt.datetime) -> bool:
        """Say whether the lost history may have replaced or withdrawn the document *id*.

        It cannot if the phone's clock, which may be wrong, says that it was captured after the loss.
        """
        return not self.noticed_at < _captured_at(id) <= now + CLOCK_TOLERANCE


def _captured_at(id: str) -> dt.datetime:
    """Return when the document *id* was captured, by the phone's clock; the latest time if that is no year."""
    try:
        return _EPOCH + dt.timedelta(milliseconds=ULID.from_str(id).milliseconds)
    except OverflowError:
        return dt.datetime.max.replace(tzinfo=dt.UTC)


def newest_loss(
    session: Session, now: dt.datetime, actor: str = "server", *, epoch: Any = None
) -> DataLoss | None:
    """Return the newest loss of data, or None if there never was one.

    Call it before anything is decided about a document, in the same transaction. The first caller after a loss
    writes it into the audit trail as *actor*, and marks what was not sent in the restored database.

    Args:
        epoch: a row with the columns of `with_epoch`, if this transaction has read one already.
    """
    row = epoch or session.execute(_newest(dialect_of(session))).one_or_none()
    if row is None or row.epoch is None:
        return None
    if not row.is_current_lineage:
        positions.detect_failover(session)
        row = session.execute(_newest(dialect_of(session))).one()
    if row.cause == EpochCause.FIRST:
        return None
    noticed_at = row.noticed_at or row.reconciled_at or _notice(session, row.epoch, row.cause, actor, now)
    return DataLoss(noticed_at, row.reconciled_at is not None)


class LossNotNoticed(RuntimeError):
    """A loss of data was not noticed yet. `newest_loss` must be called in a transaction that holds no lock."""


def require_noticed(row: Any) -> None:
    """Raise `LossNotNoticed` if `newest_loss` would have to write, given the *row* of `with_epoch`."""
    if row is None or row.epoch is None:
        return
    is_noticed = row.cause == EpochCause.FIRST or row.noticed_at or row.reconciled_at
    if not (row.is_current_lineage and is_noticed):
        raise LossNotNoticed("the newest loss of data was not noticed yet")


@cache
def _newest(dialect: str) -> Any:
    return select(*_epoch_columns(dialect)).join(FeedHead, FeedHead.epoch == FeedEpoch.epoch)


def with_epoch(statement: Any, dialect: str) -> Any:
    """Return *statement* with the columns of the current epoch that `newest_loss` needs in each row."""
    of_head = (
        FeedEpoch.epoch == select(FeedHead.epoch).where(FeedHead.id == positions.HEAD_ID).scalar_subquery()
    )
    return statement.add_columns(*_epoch_columns(dialect)).join(FeedEpoch, of_head, isouter=True)


def _epoch_columns(dialect: str) -> tuple[Any, ...]:
    return (
        FeedEpoch.epoch,
        FeedEpoch.cause,
        FeedEpoch.reconciled_at,
        FeedEpoch.noticed_at,
        positions.is_current_lineage(dialect).label("is_current_lineage"),
    )


def _notice(session: Session, epoch: str, cause: str, actor: str, now: dt.datetime) -> dt.datetime:
    """Mark what was not sent and record the loss; return when it was noticed."""
    of_epoch = FeedEpoch.epoch == epoch
    other = session.scalar(select(FeedEpoch.noticed_at).where(of_epoch).with_for_update())
    if other is not None:
        return other
    session.execute(
        update(FeedEpoch).where(of_epoch).values(noticed_at=now),
        execution_options={"synchronize_session": False},
    )
    may_be_sent = or_(
        Submission.state.in_(_UNSENT),
        Submission.state.in_(_OPEN) & Submission.erp_id.is_(None),
        # Also one that was marked because of an earlier loss, which nobody looks for any more.
        (Submission.state == State.PARKED.value) & Submission.erp_id.is_(None),
    )
    mark_sent(session, and_(Submission.kind.in_(_kinds_with_own_document()), may_be_sent), now)
    audit.record(session, actor=actor, action=BEGAN, subject=epoch, now=now, detail={"cause": cause})
    return now


def _kinds_with_own_document() -> list[str]:
    return sorted(name for name, kind in KINDS.items() if kind.has_own_document)


def is_checked(submission: Submission, loss: DataLoss) -> bool:
    """Say whether *submission* is being checked because of *loss*, so that no rule may decide about it yet."""
    if submission.state in _UNSENT:
        return submission.last_sent_at is not None
    marked = submission.last_sent_at == loss.noticed_at and submission.erp_id is None
    return marked and submission.state in (*_OPEN, State.PARKED.value)


def checked_ids(session: Session, loss: DataLoss, now: dt.datetime, limit: int) -> Sequence[str]:
    """Return the ids of at most *limit* documents that are being checked and due, longest due first."""
    marked = (Submission.last_sent_at == loss.noticed_at) & Submission.erp_id.is_(None)
    return session.scalars(
        select(Submission.id)
        .where(
            or_(
                (Submission.state == State.RECEIVED.value) & Submission.last_sent_at.is_not(None),
                (Submission.state == State.PARKED.value) & marked,
            ),
            Submission.due_at <= now,
        )
        .order_by(Submission.due_at, Submission.seq)
        .limit(limit)
    ).all()


def cited_by(kind: Kind, supersedes: str | None, body: Body) -> str | None:
    """Return the document that a copy, a withdrawal or a change request of *kind* is about."""
    if kind.destination != OFFICE:
        return supersedes
    cited = body.get("submission_id")
    return cited if isinstance(cited, str) and Ulid.pattern.fullmatch(cited) else None


def cited_id(row: Submission) -> str | None:
    """Return `cited_by` for a stored document."""
    kind = KINDS.get(row.kind)
    return cited_by(kind, row.supersedes, json.loads(row.body)) if kind is not None else row.supersedes


def line_of(session: Session, row: Submission) -> list[Submission]:
    """Return the documents that must be decided together with *row*, itself included.

    Those are the documents of its rep that replace, withdraw or ask to change each other.
    """
    line = {row.id: row}
    newest = [row]
    while newest:
        ids = {member.id for member in newest}
        cited = {id for member in newest if (id := cited_id(member)) is not None}
        rows = session.scalars(
            select(Submission).where(
                Submission.rep == row.rep, or_(Submission.id.in_(ids | cited), Submission.supersedes.in_(ids))
            )
        )
        newest = [member for member in rows if member.id not in line]
        line |= {member.id: member for member in newest}
    return [line[id] for id in sorted(line)]


def mark(session: Session, ids: Collection[str], loss: DataLoss) -> None:
    """Mark the documents *ids*, which a phone has just pushed: the ERP may have had them before *loss*."""
    if ids:
        mark_sent(session, Submission.id.in_(ids), loss.noticed_at)


def begin_checks(sessions: Sessions, now: dt.datetime) -> int:
    """Let phones see which of the marked documents are checked; return how many were moved to that state.

    A parked document stays parked: it is marked, and that is enough for its rules.
    """
    done = 0
    while True:
        with sessions() as session, session.begin():
            loss = newest_loss(session, now)
            if loss is None or loss.is_reconciled:
                return done
            rows = session.scalars(
                select(Submission)
                .where(
                    Submission.state.in_((*_UNSENT[1:], *_OPEN)),
                    Submission.last_sent_at == loss.noticed_at,
                )
                .order_by(Submission.seq)
                .limit(_BATCH)
                .with_for_update()
            ).all()
            for row in rows:
                change = StateChange(State.RECEIVED, row.last_sent_at, CHECKING, note=MAY_BE_SENT)
                settle(session, row, change, now=now, actor="erp")
            done += len(rows)
            if len(rows) < _BATCH:
                return done
