"""Insert new submissions in bulk, and queue their records.

The arrival from a device is no row of the history: the row of the submission says all of it.
"""

import datetime as dt
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.core import table_of
from backend.feed import publication
from backend.feed.additions import Addition
from backend.inbox.models import HistoryEntry, Submission
from backend.inbox.new_submission import NewSubmission
from backend.inbox.records import SUBMISSIONS as COLLECTION
from backend.inbox.records import put, queue_record

SUBMISSIONS, HISTORY = table_of(Submission), table_of(HistoryEntry)

_AS_IS = (
    *("id", "kind", "rep", "device", "captured_at", "zone", "schema", "body", "sha256", "supersedes"),
    *("superseded_by", "state", "status", "reason", "owner", "order_key", "envelope", "title"),
)
_ARRIVAL = ("first_state", "first_reason")
_JSON = ("needs", "depends_on", "errors", "warnings", "reason_template")
_SAME = ("received_at", "updated_at", "due_at", "fence", "tries", "unfinished_leases")
"""Columns that have one value in all rows of an insert."""


@cache
def _insert_statement(dialect: str) -> Any:
    statement = bulk.bulk_insert(dialect, SUBMISSIONS, (*_AS_IS, *_ARRIVAL, *_JSON), _SAME)
    return statement.on_conflict_do_nothing(index_elements=["id"]).returning(SUBMISSIONS.c.id)


def insert(
    session: Session, submissions: Sequence[NewSubmission], *, office_user: str | None = None
) -> set[str]:
    """Store *submissions* in their order, and queue their records.

    All have the same `received_at`. *office_user* wrote them, as `user:<name>`; None: their devices sent them.

    Returns the ids that are new. Any other id names a document that is stored already, which stays as it is.
    """
    if not submissions:
        return set()
    now, dialect, connection = submissions[0].received_at, bulk.dialect_of(session), session.connection()
    columns = _columns(submissions, arrive=office_user is None)
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    given = {"given": bulk.to_json(rows), **_same(now)}
    new_ids = set(connection.execute(_insert_statement(dialect), given).scalars())
    inserted = [submission for submission in submissions if submission.id in new_ids]
    if inserted and office_user is not None:
        entries = bulk.to_json(
            {"submission_id": submission.id, "state": submission.state, "note": submission.reason}
            for submission in inserted
        )
        statement = bulk.bulk_insert(dialect, HISTORY, ("submission_id", "state", "note"), ("at", "actor"))
        connection.execute(statement, {"given": entries, "at": now, "actor": office_user})
    for submission in inserted:
        queue_record(session, submission)
    return new_ids


def insert_at_commit(session: Session, submissions: Sequence[NewSubmission]) -> set[str]:
    """Store *submissions*, which devices sent, in the statement that publishes them when *session* commits.

    It stores what `insert` stores, on PostgreSQL only. Returns their ids: all are new, or the commit raises
    `NotAdded`.
    """
    publication.queue_addition(
        session,
        Addition(
            SUBMISSIONS,
            COLLECTION,
            _columns(submissions, arrive=True),
            _same(submissions[0].received_at),
            [partial(put, session, submission) for submission in submissions],
        ),
    )
    return {submission.id for submission in submissions}


def _same(now: dt.datetime) -> dict[str, Any]:
    """Return the values of `_SAME` for submissions that arrive at *now*."""
    return {
        "received_at": now,
        "updated_at": now,
        "due_at": now,
        "fence": 0,
        "tries": 0,
        "unfinished_leases": 0,
    }


def _columns(submissions: Sequence[NewSubmission], *, arrive: bool) -> dict[str, list[Any]]:
    """Return the values of *submissions* by column; *arrive*: devices sent them."""
    columns = {name: [getattr(submission, name) for submission in submissions] for name in _AS_IS}
    for column, name in zip(_ARRIVAL, ("state", "reason"), strict=True):
        columns[column] = columns[name] if arrive else [None] * len(submissions)
    for name in _JSON:
        columns[name] = [_as_json(getattr(submission, name)) for submission in submissions]
    return columns


def _as_json(value: Any) -> str | None:
    # Most documents need nothing and have no faults.
    if value == []:
        return "[]"
    return None if value is None else bulk.to_json(value)
