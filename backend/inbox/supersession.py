"""Supersession: which documents an edited copy replaces, and when it is too late to replace them.

A copy replaces all its ancestors. A copy of a refused copy must replace the original too, or both would be
executed. It is too late as soon as one of the ancestors may be in the ERP.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from backend.database.bulk import POSTGRESQL
from backend.database.locks import advisory_lock, lock_read
from backend.database.round_trip import Read
from backend.inbox import submissions as inbox
from backend.inbox import versions
from backend.inbox.models import Submission
from backend.inbox.records import name_of
from backend.inbox.submissions import Related
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.limits import LIMITS
from sync_protocol.sentence import Sentence, sentence
from sync_protocol.submission import REPLACEABLE, State

ENDED = inbox.ENDED
_TOO_MANY = sentence("too_many_versions", most=LIMITS.versions)
REPLACEABLE_BY_COPY = frozenset({State.SUPERSEDED, State.CANCELLED, State.WITHDRAWN})


@dataclass
class Ancestors:
    """The documents that a copy replaces, and the fault that prevents it."""

    replaced: list[str] = field(default_factory=list)
    """Their ids, newest first."""
    fault: Fault | None = None

    def rows(self, session: Session) -> list[Submission]:
        """Return the documents that are replaced, which are locked."""
        by_id = inbox.get_many(session, self.replaced, fresh=True)
        return [by_id[id] for id in self.replaced]


def lock_rep(session: Session, rep: str) -> None:
    """Take the lock of *rep*'s pushes until the commit: one push at a time decides about replacements.

    Every push takes it, not only one with copies: an original and its copy that arrive in two simultaneous
    requests would not see each other. Read after this call what the decision depends on.
    """
    advisory_lock(session, _lock_name(rep))


def lock_reads(dialect: str, rep: str) -> list[Read]:
    """Return the statement of `lock_rep` for a round trip with others; none for SQLite, which needs none."""
    return [lock_read(_lock_name(rep))] if dialect == POSTGRESQL else []


def _lock_name(rep: str) -> str:
    return f"supersession/{rep}"


def ancestors(session: Session, rep: str, id: str, supersedes: str | None) -> Ancestors:
    """Return the documents that document *id* replaces; their rows are locked until the commit.

    An ancestor that never arrived does not count. One of another rep does not either, so that the answer
    reveals nothing about it. The line of ancestors is bounded, and read in two statements.
    """
    result = Ancestors()
    if supersedes is None:
        return result
    line = versions.older(session, rep, supersedes, lock=True)
    cited_ids = {supersedes, *(row.supersedes for row in line.values() if row.supersedes)}
    copies: dict[str, list[Related]] = defaultdict(list)
    for copy in inbox.related(session, cited_ids):
        copies[copy.supersedes or ""].append(copy)
    visited = {id}
    cited: str | None = supersedes
    while cited is not None and cited not in visited:
        visited.add(cited)
        if any(_replaces(copy, rep, visited) for copy in copies[cited]):
            result.fault = _too_late(sentence("replaced_already"))
            return result
        old = line.get(cited)
        if old is None:
            return result
        if len(visited) > versions.MOST:
            result.fault = Fault(ErrorCode.TOO_MANY_VERSIONS, "supersedes", _TOO_MANY)
            return result
        state = State(old.state)
        if state in REPLACEABLE and not old.may_be_in_erp:
            result.replaced.append(cited)
        elif state not in REPLACEABLE_BY_COPY:
            row = inbox.get_many(session, [cited], fresh=True)[cited]
            result.fault = _too_late(sentence("too_late_to_replace", where=in_erp(row)))
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
        if copy.supersedes is not None and _replaces(copy, rep, line)
    }


def _replaces(copy: Related, rep: str, line: Collection[str]) -> bool:
    return copy.rep == rep and copy.state not in ENDED and copy.id not in line


def in_erp(row: Submission) -> Sentence:
    """Return a clause that says that the ERP has *row*, or may have it."""
    certainly = row.state in (State.ACCEPTED, State.ON_HOLD)
    return sentence("is_in_erp" if certainly else "may_be_in_erp", document=name_of(row))


def _too_late(message: str) -> Fault:
    return Fault(ErrorCode.TOO_LATE, "supersedes", message)
