"""Submissions: look one up, move it from state to state, and read its history."""

import datetime as dt
from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import exists, insert, or_, select
from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.core import table_of
from backend.inbox.models import HistoryEntry, Submission
from backend.inbox.records import queue_record
from sync_protocol.submission import State, may_move

_INSERT_HISTORY = insert(table_of(HistoryEntry))


class IllegalMove(RuntimeError):
    """The states of a submission do not allow this move."""


def get(session: Session, id: str, *, lock: bool = False) -> Submission | None:
    """Return the submission *id*, or None; *lock* locks its row until the commit."""
    statement = select(Submission).where(Submission.id == id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def get_many(session: Session, ids: Collection[str]) -> dict[str, Submission]:
    """Return those of the submissions *ids* that exist, by id; *ids* are at most those of one push."""
    if not ids:
        return {}
    return {row.id: row for row in session.scalars(select(Submission).where(Submission.id.in_(ids)))}


class Related(NamedTuple):
    """The fields of a submission that decide whether another may be stored beside it."""

    id: str
    rep: str
    supersedes: str | None
    state: str


@cache
def _related_statement(dialect: str) -> Any:
    table = table_of(Submission)
    ids = (
        bulk.in_json_list(dialect, table.c.id, "ids"),
        bulk.in_json_list(dialect, table.c.supersedes, "originals"),
    )
    return select(table.c.id, table.c.rep, table.c.supersedes, table.c.state).where(or_(*ids))


def related(session: Session, ids: Collection[str]) -> list[Related]:
    """Return the submissions *ids* that exist, and all that supersede one of *ids*."""
    parameter = bulk.to_json(ids)
    rows = session.connection().execute(
        _related_statement(bulk.dialect_of(session)), {"ids": parameter, "originals": parameter}
    )
    return [Related(*row) for row in rows]


def move(
    session: Session,
    submission: Submission,
    state: State,
    *,
    now: dt.datetime,
    actor: str,
    note: str | None = None,
) -> None:
    """Put *submission* into *state*, add a history entry, and queue its record for the phones.

    A move out of SENDING gives up the lease.

    Args:
        actor: device:<id>, worker:<name>, erp or user:<name>.

    Raises:
        IllegalMove: *state* cannot follow the current one.
    """
    old = State(submission.state)
    if not may_move(old, state):
        raise IllegalMove(f"submission {submission.id} cannot go from {old} to {state}")
    if old is State.SENDING:
        submission.lease_owner = None
        submission.lease_until = None
    submission.state = state.value
    submission.updated_at = now
    session.flush()
    entry = {"submission_id": submission.id, "at": now, "state": state.value, "actor": actor, "note": note}
    session.connection().execute(_INSERT_HISTORY, entry)
    queue_record(session, submission)


def add_note(session: Session, submission: Submission, *, now: dt.datetime, actor: str, note: str) -> None:
    """Add *note* to the history of *submission*, whose state stays; the same note is not added twice."""
    of_submission = HistoryEntry.submission_id == submission.id
    if session.scalar(select(exists().where(of_submission, HistoryEntry.note == note))):
        return
    session.add(
        HistoryEntry(submission_id=submission.id, at=now, state=submission.state, actor=actor, note=note)
    )
    session.flush()


def may_be_in_erp(submission: Submission) -> bool:
    """Say whether the ERP has *submission* or may have it: it was sent, and the ERP did not rule it out."""
    return submission.last_sent_at is not None or submission.erp_id is not None


def history(session: Session, id: str) -> list[HistoryEntry]:
    """Return the history of submission *id*, oldest entry first."""
    return list(
        session.scalars(select(HistoryEntry).where(HistoryEntry.submission_id == id).order_by(HistoryEntry.id))
    )
