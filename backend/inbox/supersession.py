"""Supersession: which documents an edited copy takes the place of, and when it is too late for that.

A copy stands for its whole line of ancestors. A copy of a refused copy must take the place of the
original too, or both would be executed; and it is too late if any of them may be in the ERP.
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
"""A copy in one of these has not taken its original's place."""
REPLACEABLE_BY_COPY = frozenset({State.SUPERSEDED, State.CANCELLED, State.WITHDRAWN})


@dataclass
class Ancestors:
    """What a copy replaces, and what speaks against it."""

    replaced: list[Submission] = field(default_factory=list)
    fault: Fault | None = None


def lock_rep(session: Session, rep: str) -> None:
    """Let one push of *rep* at a time decide who replaces whom; it is held until the commit.

    Every push needs its turn, not only one with copies: an original and its copy that arrive at the same moment
    in two requests would pass each other by. What is read later is read after the turn has come.
    """
    advisory_lock(session, f"supersession/{rep}")


def ancestors(session: Session, rep: str, id: str, supersedes: str | None) -> Ancestors:
    """Return what the document *id* takes the place of; their rows are locked until the commit.

    An ancestor that never arrived, or that is another rep's, is none: the answer tells nothing of it.
    """
    found = Ancestors()
    visited = {id}
    cited = supersedes
    while cited is not None and cited not in visited:
        visited.add(cited)
        rival = replacement_of(session, rep, cited, visited)
        if rival is not None:
            found.fault = _too_late(f"{rival} takes its place already")
            return found
        old = inbox.get(session, cited, lock=True)
        if old is None or old.rep != rep:
            return found
        state = State(old.state)
        if state in REPLACEABLE and not inbox.may_be_in_erp(old):
            found.replaced.append(old)
        elif state not in REPLACEABLE_BY_COPY:
            found.fault = _too_late(f"the document it replaces is {old.state} and may be in the ERP")
            return found
        cited = old.supersedes
    return found


def replacement_of(session: Session, rep: str, id: str, line: Collection[str]) -> str | None:
    """Return the copy that has taken the place of *id*, or None; documents of the same *line* are none."""
    return replacements(inbox.related(session, [id]), rep, line).get(id)


def replacements(related: Iterable[Related], rep: str, line: Collection[str]) -> dict[str, str]:
    """Return, of *related*, the copies that have taken the places of *rep*'s documents, by what they replace.

    Documents of the same *line* are none.
    """
    return {
        found.supersedes: found.id
        for found in related
        if found.supersedes is not None
        and found.rep == rep
        and found.state not in ENDED
        and found.id not in line
    }


def _too_late(words: str) -> Fault:
    return Fault(ErrorCode.TOO_LATE, "supersedes", words)
