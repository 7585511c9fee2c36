"""Insert new submissions in bulk, each with its first history entry, and queue their records."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from backend.database import bulk
from backend.database.core import table_of
from backend.inbox.models import HistoryEntry, NewSubmission, Submission
from backend.inbox.records import queue_record

SUBMISSIONS, HISTORY = table_of(Submission), table_of(HistoryEntry)

_AS_IS = (
    *("id", "kind", "rep", "device", "captured_at", "zone", "schema", "body", "sha256", "supersedes"),
    *("superseded_by", "state", "status", "reason", "owner", "order_key", "envelope"),
)
_JSON = ("needs", "depends_on", "errors")
_SAME = ("received_at", "updated_at", "due_at", "fence", "tries", "unfinished_leases")
"""Columns that have one value in all rows of an insert."""


@cache
def _insert_statement(dialect: str) -> Any:
    statement = bulk.bulk_insert(dialect, SUBMISSIONS, (*_AS_IS, *_JSON), _SAME)
    return statement.on_conflict_do_nothing(index_elements=["id"]).returning(SUBMISSIONS.c.id)


def insert(session: Session, submissions: Sequence[NewSubmission], actor: str) -> set[str]:
    """Store *submissions* in their order, with one history entry each, and queue their records.

    All have the same `received_at`. *actor* is as in `move`.

    Returns the ids that are new. Any other id names a document that is stored already, which stays as it is.
    """
    if not submissions:
        return set()
    now, dialect, connection = submissions[0].received_at, bulk.dialect_of(session), session.connection()
    rows = bulk.to_json(_row(submission) for submission in submissions)
    same = {
        "received_at": now,
        "updated_at": now,
        "due_at": now,
        "fence": 0,
        "tries": 0,
        "unfinished_leases": 0,
    }
    new_ids = set(connection.execute(_insert_statement(dialect), {"given": rows, **same}).scalars())
    inserted = [submission for submission in submissions if submission.id in new_ids]
    if inserted:
        entries = bulk.to_json(
            {"submission_id": submission.id, "state": submission.state, "note": submission.reason}
            for submission in inserted
        )
        statement = bulk.bulk_insert(dialect, HISTORY, ("submission_id", "state", "note"), ("at", "actor"))
        connection.execute(statement, {"given": entries, "at": now, "actor": actor})
    for submission in inserted:
        queue_record(session, submission)
    return new_ids


def _row(submission: NewSubmission) -> dict[str, Any]:
    row = {name: getattr(submission, name) for name in _AS_IS}
    for name in _JSON:
        row[name] = bulk.to_json(getattr(submission, name))
    return row
