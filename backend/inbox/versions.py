"""The versions of a document: the copies that replaced each other, read in one statement however many they are.

Separate from `supersession`, which decides what they mean.
"""

from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam, literal, or_, select
from sqlalchemy.orm import Session

from backend.database.core import table_of
from backend.inbox.models import Submission
from sync_protocol.limits import LIMITS

MOST = LIMITS.versions + 1
"""Versions that are read: one more than there may be, so that too many are noticed."""


@cache
def _walk(follows: str, joins: str) -> Any:
    """Return the ids of a line from `:start` on: the next one has in *joins* what *follows* names."""
    table = table_of(Submission)
    first = select(table.c.id, table.c[follows].label("next"), literal(1).label("depth")).where(
        table.c[joins] == bindparam("start"), table.c.rep == bindparam("of_rep")
    )
    line = first.cte("line", recursive=True)
    return line.union_all(
        select(table.c.id, table.c[follows], line.c.depth + 1).where(
            table.c[joins] == line.c.next, table.c.rep == bindparam("of_rep"), line.c.depth < MOST
        )
    )


class Version(NamedTuple):
    """What decides whether a version may be replaced; a line of them is read without the documents."""

    id: str
    state: str
    supersedes: str | None
    may_be_in_erp: bool


@cache
def _older_statement() -> Any:
    table, line = table_of(Submission), _walk("supersedes", "id")
    sent = or_(table.c.last_sent_at.is_not(None), table.c.erp_id.is_not(None))
    return (
        select(table.c.id, table.c.state, table.c.supersedes, sent)
        .where(table.c.id.in_(select(line.c.id)))
        .order_by(table.c.id)
    )


def older(session: Session, rep: str, id: str, *, lock: bool = False) -> dict[str, Version]:
    """Return document *id* of *rep* and the versions before it, at most `MOST`, by id; newest first.

    It ends before a document that has not arrived or is another rep's. *lock* locks the rows until the commit.
    """
    statement = _older_statement()
    if lock:
        statement = statement.with_for_update(of=table_of(Submission))
    # Written before they are read: a document of this transaction may be among them.
    session.flush()
    rows = session.connection().execute(statement, {"start": id, "of_rep": rep})
    by_id = {row.id: Version(row[0], row[1], row[2], bool(row[3])) for row in rows}
    ordered: dict[str, Version] = {}
    next_id: str | None = id
    while next_id is not None and next_id in by_id and next_id not in ordered:
        ordered[next_id] = by_id[next_id]
        next_id = by_id[next_id].supersedes
    return ordered


def newest(session: Session, rep: str, id: str) -> Submission | None:
    """Return document *id* of *rep*, or the last of those that replaced it; None if there is none."""
    line = _walk("superseded_by", "id")
    statement = select(Submission).where(Submission.id.in_(select(line.c.id)))
    by_id = {row.id: row for row in session.scalars(statement, {"start": id, "of_rep": rep})}
    row, visited = by_id.get(id), {id}
    while row is not None and row.superseded_by in by_id and row.superseded_by not in visited:
        row = by_id[row.superseded_by]
        visited.add(row.id)
    return row
