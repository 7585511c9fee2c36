"""Submissions: looking one up, moving it from state to state, and the record that tells its fate."""

import datetime as dt
import json
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import exists, insert, or_, select
from sqlalchemy.orm import Session

from backend.clock import instant
from backend.database import bulk
from backend.database.core import table_of
from backend.inbox.models import HistoryEntry, Submission
from backend.inbox.new_submissions import NewSubmission
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import schema_faults
from sync_protocol.submission import State, may_move

_STEP = insert(table_of(HistoryEntry))


class IllegalMove(RuntimeError):
    """A submission was asked to make a move that its states do not have."""


def get(session: Session, id: str, *, lock: bool = False) -> Submission | None:
    """Return the submission *id*, or None; *lock* holds its row until the commit."""
    statement = select(Submission).where(Submission.id == id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def get_many(session: Session, ids: Collection[str]) -> dict[str, Submission]:
    """Return those of the submissions *ids*, a push's, that there are, by id."""
    if not ids:
        return {}
    return {found.id: found for found in session.scalars(select(Submission).where(Submission.id.in_(ids)))}


class Related(NamedTuple):
    """As much of a submission as tells whether another may be stored beside it."""

    id: str
    rep: str
    supersedes: str | None
    state: str


@cache
def _relating(dialect: str) -> Any:
    table = table_of(Submission)
    ids = (
        bulk.in_json_list(dialect, table.c.id, "ids"),
        bulk.in_json_list(dialect, table.c.supersedes, "originals"),
    )
    return select(table.c.id, table.c.rep, table.c.supersedes, table.c.state).where(or_(*ids))


def related(session: Session, ids: Collection[str]) -> list[Related]:
    """Return the submissions *ids*, those that there are, and all that supersede one of *ids*."""
    asked = bulk.to_json(ids)
    found = session.connection().execute(
        _relating(bulk.dialect_of(session)), {"ids": asked, "originals": asked}
    )
    return [Related(*row) for row in found]


def move(
    session: Session,
    submission: Submission,
    state: State,
    *,
    now: dt.datetime,
    actor: str,
    note: str | None = None,
) -> None:
    """Put *submission* into *state*, with a line in its history; raises `IllegalMove`.

    *actor* is device:<id>, worker:<name>, erp or user:<name>. Leaving SENDING gives up the lease.
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
    step = {"submission_id": submission.id, "at": now, "state": state.value, "actor": actor, "note": note}
    session.connection().execute(_STEP, step)


def add_note(session: Session, submission: Submission, *, now: dt.datetime, actor: str, note: str) -> None:
    """Add a line to the history of *submission*, which stays where it is; one that is there is not repeated."""
    mine = HistoryEntry.submission_id == submission.id
    if session.scalar(select(exists().where(mine, HistoryEntry.note == note))):
        return
    session.add(
        HistoryEntry(submission_id=submission.id, at=now, state=submission.state, actor=actor, note=note)
    )
    session.flush()


def may_be_in_erp(submission: Submission) -> bool:
    """Whether the ERP has *submission* or may have it: it was sent, and nothing says that it is not there."""
    return submission.last_sent_at is not None or submission.erp_id is not None


def as_record(submission: Submission | NewSubmission, missing: Iterable[str] = ()) -> dict[str, Any]:
    """Return the record of collection `submissions`; *missing* are receipts the server waits for."""
    body = json.loads(submission.body)
    return {
        "id": submission.id,
        "rep": submission.rep,
        "kind": submission.kind,
        "title": title_of(submission, body),
        "captured_at": submission.captured_at,
        "received_at": instant(submission.received_at),
        "updated_at": instant(submission.updated_at),
        "sha256": submission.sha256,
        "state": submission.state,
        "erp_number": submission.erp_number,
        "reason": submission.reason,
        "decision": submission.decision,
        "errors": submission.errors,
        "missing": sorted(missing),
        "supersedes": submission.supersedes,
        "superseded_by": submission.superseded_by,
        "body": body,
    }


def title_of(submission: Submission | NewSubmission, body: Any = None) -> str:
    """Return one line that tells a person which document this is; *body* spares decoding it again."""
    body = json.loads(submission.body) if body is None else body
    kind = KINDS.get(submission.kind)
    # A refused body may hold anything in any place; its name must not stand in the way of its record.
    if kind is None or (submission.status == "refused" and schema_faults(kind.schema, body)):
        return submission.kind
    return kind.title(body)[:300]


def history(session: Session, id: str) -> list[HistoryEntry]:
    """Return the steps of submission *id*, oldest first."""
    return list(
        session.scalars(select(HistoryEntry).where(HistoryEntry.submission_id == id).order_by(HistoryEntry.id))
    )
