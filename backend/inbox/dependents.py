"""Dependents: documents that wait until another one is in the ERP are due as soon as it is.

If the other one leaves the ERP again, those that were not sent wait again; the office reads which were sent.

Separate from `settle`, because it writes rows that nobody has locked.
Why a document must wait stands in `backend/delivery/queue/dependencies.py`.
"""

import datetime as dt
from typing import Any

from sqlalchemy import Text, bindparam, literal_column, select, type_coerce, update
from sqlalchemy.orm import Session

from backend.database.core import table_of
from backend.inbox import versions
from backend.inbox.models import Submission
from sync_protocol.submission import State

_TABLE = table_of(Submission)
# Literals: with a parameter the planner cannot tell that the partial index on active rows fits.
_WAITING = (
    select(_TABLE.c.seq)
    .where(
        _TABLE.c.state == literal_column(f"'{State.QUEUED.value}'"),
        _TABLE.c.seq != bindparam("accepted"),
        _TABLE.c.due_at > bindparam("now"),
        type_coerce(_TABLE.c.depends_on, Text).contains(bindparam("cited", type_=Text)),
    )
    .with_for_update(skip_locked=True)
)
_SENT = (
    select(_TABLE.c.id)
    .where(
        _TABLE.c.rep == bindparam("of_rep"),
        _TABLE.c.last_sent_at.is_not(None),
        type_coerce(_TABLE.c.depends_on, Text).contains(bindparam("cited", type_=Text)),
    )
    .order_by(_TABLE.c.seq)
)
WAKE = update(_TABLE).where(_TABLE.c.seq.in_(_WAITING)).values(due_at=bindparam("now"))
"""Makes the documents due that wait for another one; the parameters are those of `waiting_for`.

It waits for no lock: the caller has locked the other document, and a push that withdraws both has locked the
dependent and waits for the other one. A locked dependent is skipped: that transaction withdraws it, or has just
looked at it and will look again.
"""


def waiting_for(accepted: Submission, now: dt.datetime) -> dict[str, Any]:
    """Return the parameters of `WAKE`, by their keys, for the documents that wait for *accepted*."""
    return {"accepted": accepted.seq, "cited": f'"{accepted.id}"', "now": now}


def wake_dependents_of_replaced(session: Session, accepted: Submission, now: dt.datetime) -> None:
    """Make the documents due that wait for a document which *accepted* replaced."""
    for cited in _ids_of(session, accepted)[1:]:
        session.connection().execute(WAKE, {**waiting_for(accepted, now), "cited": f'"{cited}"'})


def sent_dependents(session: Session, row: Submission) -> list[str]:
    """Return the ids of the documents that depend on *row* and that the ERP has or may have, oldest first.

    They cannot be recalled. The others wait again: a worker looks at them before each call that creates one.
    """
    ids: list[str] = []
    for cited in _ids_of(session, row):
        ids += session.connection().scalars(_SENT, {"of_rep": row.rep, "cited": f'"{cited}"'}).all()
    return ids


def _ids_of(session: Session, row: Submission) -> list[str]:
    """Return the ids by which a document may cite *row*: its own, and those that it replaced.

    The oldest one may never have arrived.
    """
    replaced = versions.older(session, row.rep, row.supersedes) if row.supersedes else {}
    older = [row.supersedes, *(version.supersedes for version in replaced.values())]
    return list(dict.fromkeys([row.id, *(id for id in older if id is not None)]))
