"""Supersession: which documents an edited copy replaces, and when it is too late to replace them.

A copy replaces all its ancestors. A copy of a refused copy must replace the original too, or both would be
executed. It is too late as soon as one of the ancestors may be in the ERP.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from backend.database.locks import advisory_lock
from backend.inbox import submissions as inbox
from backend.inbox.models import Submission
from backend.inbox.submissions import Related
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.submission import REPLACEABLE, State

ENDED = (State.REJECTED, State.CANCELLED, State.WITHDRAWN)
"""A copy in one of these states does not replace its original."""
REPLACEABLE_BY_COPY = frozenset({State.SUPERSEDED, State.CANCELLED, State.WITHDRAWN})


@dataclass
class Ancestors:
    """The documents that a copy replaces, and the fault that prevents it."""

    replaced: list[Submission] = field(default_factory=list)
    fault: Fault | None = None


def lock_rep(session: Session, rep: str) -> None:
    """Take the lock of *rep*'s pushes until the commit, so that only one decides at a time what replaces what.

    Every push takes it, not only one with copies: an original and its copy that arrive in two simultaneous
    requests would not see each other. Read after this call what the decision depends on.
    """
    advisory_lock(session, f"supersession/{rep}")


def ancestors(session: Session, rep: str, id: str, supersedes: str | None) -> Ancestors:
    """Return the documents that document *id* replaces; their rows are locked until the commit.

    An ancestor that never arrived, or belongs to another rep, does not count, so that the answer tells nothing
    about it.
    """
    result = Ancestors()
    visited = {id}
    cited = supersedes
    while cited is not None and cited not in visited:
        visited.add(cited)
        rival = replacement_of(session, rep, cited, visited)
        if rival is not None:
            result.fault = _too_late(f"{rival} replaces it already")
            return result
        old = inbox.get(session, cited, lock=True)
        if old is None or old.rep != rep:
            return result
        state = State(old.state)
        if state in REPLACEABLE and not inbox.may_be_in_erp(old):
            result.replaced.append(old)
        elif state not in REPLACEABLE_BY_COPY:
            result.fault = _too_late(f"the document it replaces is {old.state} and may be in the ERP")
            return result
        cited = old.supersedes
    return result


def replacement_of(session: Session, rep: str, id: str, line: Collection[str]) -> str | None:
    """Return the copy that replaces *id*, or None; documents in *line*, the ancestors, do not count."""
    return replacements(inbox.related(session, [id]), rep, line).get(id)


def replacements(related: Iterable[Related], rep: str, line: Collection[str]) -> dict[str, str]:
    """Return those of *related* that replace a document of *rep*: {id of the original: id of the copy}.

    Documents in *line*, the ancestors, do not count.
    """
    return {
        copy.supersedes: copy.id
        for copy in related
        if copy.supersedes is not None and copy.rep == rep and copy.state not in ENDED and copy.id not in line
    }


def _too_late(message: str) -> Fault:
    return Fault(ErrorCode.TOO_LATE, "supersedes", message)
