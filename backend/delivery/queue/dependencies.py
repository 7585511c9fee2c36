"""Dependencies: a submission is sent only when the documents it depends on are in the ERP."""

import datetime as dt

from sqlalchemy.orm import Session

from backend.inbox import versions
from backend.inbox.models import Submission
from sync_protocol.sentence import sentence
from sync_protocol.submission import State

RECHECK_AFTER = dt.timedelta(seconds=60)
"""How soon a document that waits for another one is looked at again. An acceptance wakes it earlier."""
_NEEDS_PERSON = {
    State.REJECTED: "waits_rejected",
    State.PARKED: "waits_parked",
    State.CANCELLED: "waits_cancelled",
    State.WITHDRAWN: "waits_withdrawn",
    State.SUPERSEDED: "waits_superseded",
}
"""States that a document leaves only if a person acts, and the sentence that the rep of a dependent reads."""


def blocking_dependency(session: Session, submission: Submission) -> tuple[str, bool] | None:
    """Return why *submission* must wait for a document that it depends on, or None if it need not.

    The second value says whether a person must act, because the other document will stay in its state.
    """
    waiting: str | None = None
    for id in submission.depends_on:
        # A document of another rep counts as missing. Otherwise its state could be learned by its id.
        row = versions.newest(session, submission.rep, id)
        if row is None:
            waiting = sentence("waits_not_arrived", document=id)
        elif State(row.state) in _NEEDS_PERSON:
            return sentence(_NEEDS_PERSON[State(row.state)], document=row.id), True
        elif row.state != State.ACCEPTED:
            waiting = sentence("waits_not_accepted", document=row.id)
    return (waiting, False) if waiting else None
