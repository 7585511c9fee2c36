"""Parked documents by cause: what must be repaired once, and how many documents wait for it."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from backend.clock import instant
from backend.delivery.park_reasons import UNKNOWN_KIND, class_on_arrival
from backend.inbox.cause import class_in
from backend.inbox.models import Submission
from backend.office.access import OfficeUser
from backend.office.queries import ParkedDocument, to_view
from backend.office.roles import Permission
from sync_protocol.catalogue import KINDS
from sync_protocol.submission import State

_PARKED = Submission.state == State.PARKED.value


@dataclass
class Cause:
    """Parked documents that one repair should settle."""

    cause: str
    """The key, as `cause_of` returns it; for documents parked on arrival the class alone."""
    documents: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    """The number of documents of each kind."""
    oldest: dt.datetime | None = None
    """Since when the first of them waits."""
    newest: dt.datetime | None = None
    example: ParkedDocument | None = None
    """The document that waits longest."""

    @property
    def error_class(self) -> str:
        """The class of the problem."""
        return class_in(self.cause)

    def add(self, row: Any) -> None:
        """Count the documents of one *row* of `_counts`."""
        self.documents += row.documents
        self.kinds[row.kind] += row.documents
        self.oldest = min(self.oldest or row.oldest, row.oldest)
        self.newest = max(self.newest or row.newest, row.newest)

    def to_wire(self) -> dict[str, Any]:
        """Return the cause as JSON of `CauseSchema`."""
        return {
            "cause": self.cause,
            "error_class": self.error_class,
            "documents": self.documents,
            "kinds": dict(sorted(self.kinds.items())),
            "oldest": instant(self.oldest) if self.oldest else None,
            "newest": instant(self.newest) if self.newest else None,
            "example": self.example.to_wire() if self.example else None,
        }


def causes(
    session: Session,
    *,
    now: dt.datetime,
    user: OfficeUser | None = None,
    permission: Permission = Permission.VIEW,
) -> list[Cause]:
    """Return the causes for which documents are parked, the one with most documents first.

    *user*: only documents for which this person has *permission*; None: all.
    """
    by_key: dict[str, Cause] = {}
    for row in session.execute(_counts(user, permission)):
        key = row.cause or class_on_arrival(row.kind)
        by_key.setdefault(key, Cause(key)).add(row)
    for cause in by_key.values():
        cause.example = to_view(session.scalars(waiting(cause.cause, user, permission).limit(1)).one(), now)
    return sorted(by_key.values(), key=lambda cause: (-cause.documents, cause.cause))


def find_cause(session: Session, key: str, *, now: dt.datetime, user: OfficeUser) -> Cause | None:
    """Return the cause *key*, with the documents that *user* may see; None if no such document waits."""
    cause = Cause(key)
    for row in session.execute(_counts(user, Permission.VIEW).where(of_cause(key))):
        cause.add(row)
    if not cause.documents:
        return None
    cause.example = to_view(session.scalars(waiting(key, user).limit(1)).one(), now)
    return cause


def _counts(
    user: OfficeUser | None, permission: Permission
) -> Select[str | None, str, int, dt.datetime, dt.datetime]:
    """Return the statement that counts the parked documents by cause and kind."""
    return (
        select(
            Submission.cause,
            Submission.kind,
            func.count().label("documents"),
            func.min(Submission.updated_at).label("oldest"),
            func.max(Submission.updated_at).label("newest"),
        )
        .where(_PARKED, user.documents(permission) if user is not None else true())
        .group_by(Submission.cause, Submission.kind)
    )


def waiting(
    cause: str, user: OfficeUser | None = None, permission: Permission = Permission.VIEW
) -> Select[Submission]:
    """Return the statement that selects the parked documents with *cause*, longest-waiting first.

    *user*: only documents for which this person has *permission*; None: all.
    """
    statement = select(Submission).where(_PARKED, of_cause(cause))
    if user is not None:
        statement = statement.where(user.documents(permission))
    return statement.order_by(Submission.updated_at, Submission.seq)


def of_cause(cause: str) -> ColumnElement[bool]:
    """Return the condition for documents with *cause*. A document parked on arrival has none stored."""
    same = Submission.cause == cause
    return or_(same, and_(Submission.cause.is_(None), _kinds_parked_as(cause)))


def _kinds_parked_as(error_class: str) -> ColumnElement[bool]:
    """Return the condition for the kinds that are parked on arrival with *error_class*."""
    if error_class == UNKNOWN_KIND:
        return Submission.kind.not_in(list(KINDS))
    kinds = [name for name in KINDS if class_on_arrival(name) == error_class]
    return Submission.kind.in_(kinds) if kinds else false()
