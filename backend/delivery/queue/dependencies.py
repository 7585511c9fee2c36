"""Dependencies: a submission is sent only when the documents it depends on are in the ERP."""

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
"""States that a document leaves only if a person acts, and what the rep of a dependent reads."""


def blocking_dependency(session: Session, submission: Submission) -> tuple[str, bool] | None:
    """Return why *submission* must wait for a document that it depends on, or None if it need not.

    The second value says whether a person must act, because the other document will stay in its state.
    """
    waiting: str | None = None
    for id in submission.depends_on:
        row = _newest(session, id, submission.rep)
        if row is None:
            waiting = f"Waits for document {id}, which has not arrived yet"
        elif State(row.state) in _NEEDS_PERSON:
            return f"Waits for document {row.id}, which {_NEEDS_PERSON[State(row.state)]}", True
        elif row.state != State.ACCEPTED:
            waiting = f"Waits for document {row.id}, which the ERP has not accepted yet"
    return (waiting, False) if waiting else None


def _newest(session: Session, id: str, rep: str) -> Submission | None:
    """Return the submission *id* of *rep*, or the last one of those that replaced it.

    Another rep's document counts as missing, so that an id tells nobody the state of somebody else's document.
    """
    of_rep = select(Submission).where(Submission.rep == rep)
    seen: set[str] = set()
    row = session.scalars(of_rep.where(Submission.id == id)).one_or_none()
    while row is not None and row.superseded_by and row.id not in seen:
        seen.add(row.id)
        newer = session.scalars(of_rep.where(Submission.id == row.superseded_by)).one_or_none()
        if newer is None:
            break
        row = newer
    return row


_TABLE = table_of(Submission)
# Literals: with a parameter the planner cannot tell that the partial index on active rows fits.
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
    """Make the documents due that wait for *accepted*, or for a document that it replaced.

    It waits for no lock: the caller has locked *accepted*, and a push that withdraws both has locked the
    dependent and waits for *accepted*. A locked dependent is skipped: the other transaction withdraws it, or
    has just looked at it and will look again.
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
