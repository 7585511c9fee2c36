"""What a push reads before it decides about ordinary documents, in one round trip of its transaction."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from backend.database import bulk, round_trip
from backend.identity import principals
from backend.identity.principals import Credential, Principal
from backend.inbox import restored, supersession
from backend.inbox.submissions import Related, related_read
from backend.sync import references
from backend.sync.validation import MalformedSubmission, ParsedSubmission

Documents = Sequence[ParsedSubmission | MalformedSubmission]


@dataclass(frozen=True)
class PushReads:
    """What was read while the lock of the rep's pushes was held."""

    references: references.Read | None
    """None: the documents cite nothing."""
    related: list[Related]
    """Those of the documents that are stored already, and the copies of each."""


def valid(documents: Documents) -> list[ParsedSubmission]:
    """Return those of *documents* that can be stored as submissions."""
    return [item for item in documents if isinstance(item, ParsedSubmission)]


def read(session: Session, rep: str, documents: Documents, now: dt.datetime) -> PushReads:
    """Take the lock of *rep*'s pushes until the commit, and read what *documents* need."""
    _, reads = _read(session, [], rep, documents, now)
    return reads


def read_with_principal(
    session: Session, token: Credential, rep: str, documents: Documents, now: dt.datetime
) -> tuple[Principal, tuple[Any, PushReads]]:
    """Do as `read`, and return the principal of *token* and the row of the epoch too.

    Raises what `principals.check` raises, and `restored.LossNotNoticed`: a loss must be noticed before any lock
    is taken, and this has taken one.
    """
    statement = _principal_and_epoch(bulk.dialect_of(session))
    principal_read = round_trip.Read(statement, {"device": token.device})
    [rows], reads = _read(session, [principal_read], rep, documents, now)
    row = next(iter(rows), None)
    principal = principals.check(row, token)
    restored.require_noticed(row)
    return principal, (row, reads)


@cache
def _principal_and_epoch(dialect: str) -> Any:
    return restored.with_epoch(principals.LOCKING_QUERY, dialect)


def _read(
    session: Session, first: list[round_trip.Read], rep: str, documents: Documents, now: dt.datetime
) -> tuple[list[Any], PushReads]:
    """Run *first*, take the lock, and read; return the values of *first* too."""
    dialect, submissions = bulk.dialect_of(session), valid(documents)
    needed = references.needed_records(rep, submissions)
    cited = references.statements(dialect, rep, needed, now) if needed else []
    related = related_read(dialect, [item.id for item in submissions])
    before = [*round_trip.by_index(session), *first, *supersession.lock_reads(dialect, rep)]
    values = round_trip.run(session, [*before, *cited, related])
    position = before.index(first[0]) if first else 0
    read = references.Read(needed, *values[len(before) : -1]) if needed else None
    return values[position : position + len(first)], PushReads(read, values[-1])
