"""Submissions: look one up, and read its history. Its state is changed by `settle` alone."""

import datetime as dt
from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import exists, func, literal, select
from sqlalchemy.orm import Session

from backend.database import bulk, round_trip
from backend.database.core import table_of
from backend.database.round_trip import Read
from backend.inbox.models import HistoryEntry, Submission
from sync_protocol.submission import State


def get(session: Session, id: str, *, lock: bool = False) -> Submission | None:
    """Return the submission *id*, or None; *lock* locks its row until the commit."""
    statement = select(Submission).where(Submission.id == id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


def get_many(session: Session, ids: Collection[str], *, fresh: bool = False) -> dict[str, Submission]:
    """Return those of the submissions *ids* that exist, by id; *ids* are at most those of one push.

    *fresh*: as they are in the database now, because the transaction has locked them since it read them.
    """
    if not ids:
        return {}
    statement = select(Submission).where(Submission.id.in_(ids))
    rows = session.scalars(statement.execution_options(populate_existing=fresh))
    return {row.id: row for row in rows}


def titles(session: Session, rep: str, ids: Collection[str]) -> dict[str, str]:
    """Return the titles of those of the submissions *ids* that *rep* has captured, by id."""
    statement = select(Submission.id, Submission.title).where(
        Submission.id.in_(ids), Submission.rep == rep, Submission.title.is_not(None)
    )
    return {row.id: row.title for row in session.execute(statement)}


ENDED = (State.REJECTED, State.CANCELLED, State.WITHDRAWN)
"""A copy in one of these states does not replace its original."""


class Related(NamedTuple):
    """The fields of a submission that decide whether another may be stored beside it."""

    id: str
    rep: str
    supersedes: str | None
    state: str


@cache
def _related_statement(dialect: str, every: bool) -> Any:
    table = table_of(Submission)
    related_rows = select(table.c.id, table.c.rep, table.c.supersedes, table.c.state)
    own = related_rows.where(bulk.in_json_list(dialect, table.c.id, "ids"))
    in_force = [table.c.state != state.value for state in ENDED]
    copies = (bulk.in_json_list(dialect, table.c.supersedes, "originals"), *in_force)
    if every:
        return own.union(related_rows.where(*copies))
    # Grouping asks for an order, and an index in that order would be read from one end to the other. A
    # materialized query does not know of it, and is read once for both ends.
    each = select(table.c.id, table.c.rep, table.c.supersedes).where(*copies).cte("copies")
    copy = each.prefix_with("MATERIALIZED", dialect="postgresql").c
    outermost = [
        select(end(copy.id), copy.rep, copy.supersedes, literal(State.QUEUED.value)).group_by(
            copy.rep, copy.supersedes
        )
        for end in (func.min, func.max)
    ]
    return own.union_all(*outermost)


def related_read(dialect: str, ids: Collection[str], *, every: bool = False) -> Read:
    """Return the statement of `related`."""
    parameter = bulk.to_json(ids)
    parameters = {"ids": parameter, "originals": parameter}
    statement = _related_statement(dialect, every)
    return Read(statement, parameters, lambda rows: [Related(*row) for row in rows], named=False)


def related(session: Session, ids: Collection[str], *, every: bool = False) -> list[Related]:
    """Return the submissions *ids* that exist, and copies in force of each: *every* one, or the first and last.

    A document has one copy in the line of its versions; a second one, if there is any, is another one's rival.
    However many copies there are, a caller that asks for a rival needs no more than two.
    """
    [rows] = round_trip.run(session, [related_read(bulk.dialect_of(session), ids, every=every)])
    return list(rows)


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
    """Return the history of submission *id*, oldest entry first: its arrival, and what is stored of later."""
    entries = list(
        session.scalars(select(HistoryEntry).where(HistoryEntry.submission_id == id).order_by(HistoryEntry.id))
    )
    arrival = session.execute(
        select(
            Submission.received_at, Submission.device, Submission.first_state, Submission.first_reason
        ).where(Submission.id == id)
    ).one_or_none()
    if arrival is None or arrival.first_state is None:
        return entries
    first = HistoryEntry(
        submission_id=id,
        at=arrival.received_at,
        state=arrival.first_state,
        actor=f"device:{arrival.device}",
        note=arrival.first_reason,
    )
    return [first, *entries]
