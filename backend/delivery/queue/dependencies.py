"""What a submission waits for: the documents it depends on must be in the ERP first."""

import datetime as dt

from sqlalchemy import Text, bindparam, literal_column, select, type_coerce, update
from sqlalchemy.orm import Session

from backend.database.core import table_of
from backend.inbox.models import Submission
from sync_protocol.submission import State

_NEEDS_PERSON = {
    State.REJECTED: "was rejected; correct that one first",
    State.PARKED: "is parked; the office must settle that one first",
    State.CANCELLED: "was cancelled",
    State.WITHDRAWN: "was withdrawn",
    State.SUPERSEDED: "was replaced",
}
"""States from which a dependency does not go on by itself, and what the dependent's rep is told."""


def blocking_dependency(session: Session, submission: Submission) -> tuple[str, bool] | None:
    """Return why *submission* must wait for a document it depends on, or None if it need not.

    The second value says whether somebody must act, because the other document will not go on by itself.
    """
    waiting: str | None = None
    for id in submission.depends_on:
        found = _newest(session, id, submission.rep)
        if found is None:
            waiting = f"Waits for document {id}, which has not arrived yet"
        elif State(found.state) in _NEEDS_PERSON:
            return f"Waits for document {found.id}, which {_NEEDS_PERSON[State(found.state)]}", True
        elif found.state != State.ACCEPTED:
            waiting = f"Waits for document {found.id}, which the ERP has not accepted yet"
    return (waiting, False) if waiting else None


def _newest(session: Session, id: str, rep: str) -> Submission | None:
    """Return the submission *id* of *rep*, or what has replaced it in the end.

    Another rep's counts as not there, so that nobody learns from an id how somebody else's document stands.
    """
    mine = select(Submission).where(Submission.rep == rep)
    seen: set[str] = set()
    found = session.scalars(mine.where(Submission.id == id)).one_or_none()
    while found is not None and found.superseded_by and found.id not in seen:
        seen.add(found.id)
        newer = session.scalars(mine.where(Submission.id == found.superseded_by)).one_or_none()
        if newer is None:
            break
        found = newer
    return found


_TABLE = table_of(Submission)
# Literals: from a parameter no planner can tell that the index on active rows serves.
_WAITING = (
    select(_TABLE.c.seq)
    .where(
        _TABLE.c.state == literal_column(f"'{State.QUEUED.value}'"),
        _TABLE.c.due_at > bindparam("now"),
        type_coerce(_TABLE.c.depends_on, Text).contains(bindparam("cited", type_=Text)),
    )
    .with_for_update(skip_locked=True)
)
_WAKE = update(_TABLE).where(_TABLE.c.seq.in_(_WAITING)).values(due_at=bindparam("now"))


def wake_dependents(session: Session, accepted: Submission, now: dt.datetime) -> None:
    """Make due what waits for *accepted*, or for a document whose place it has taken.

    It waits for nobody: the caller holds *accepted*, and a push that takes both back holds the dependent and
    waits for *accepted*. Whoever holds a dependent is taking it back, or has just looked at it and will again.
    """
    seen: set[str] = set()
    cited: str | None = accepted.id
    older = accepted.supersedes
    while cited is not None and cited not in seen:
        seen.add(cited)
        session.connection().execute(_WAKE, {"now": now, "cited": f'"{cited}"'})
        cited = older
        if cited is not None:
            older = session.scalar(select(Submission.supersedes).where(Submission.id == cited))
