"""Documents in any state for the office: lists by filter, newest first, and the search from one box."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from backend.identity.models import Rep
from backend.identity.names import is_storable
from backend.inbox.models import Binding, Submission
from backend.office.access import OfficeUser
from backend.office.causes import of_cause
from backend.office.roles import Permission
from sync_protocol.catalogue import KINDS
from sync_protocol.document_reference import is_part_of_id
from sync_protocol.submission import State

PER_PAGE = 50
MAX_SEARCHED = 20_000
"""Of titles and bodies only those of the newest documents are searched; ids and numbers are found in all."""
MIN_CHARACTERS = 2
"""Of a text that is searched in titles and names."""
LONGEST = 100
"""Characters of a text that is searched."""
MAX_REPS = 10


@dataclass(frozen=True)
class Filters:
    """Which documents a list has; None: all."""

    kind: str | None = None
    state: str | None = None
    rep: str | None = None
    cause: str | None = None
    """A cause as `backend.office.causes` returns it; only parked documents have one."""


@dataclass(frozen=True)
class ListedDocument:
    """One row of a list."""

    seq: int
    id: str
    kind: str
    title: str | None
    rep: str
    rep_name: str | None
    state: str
    erp_number: str | None
    reason: str | None
    received_at: dt.datetime


@dataclass(frozen=True)
class DocumentPage:
    """Some documents, newest first. *next* is given as *before* for those that follow; None: there are none."""

    documents: tuple[ListedDocument, ...]
    next: int | None


@dataclass(frozen=True)
class Found:
    """What a search has found: documents, newest first, and reps whose documents may be meant."""

    documents: tuple[ListedDocument, ...] = ()
    reps: tuple[tuple[str, str], ...] = ()
    """Id and name of each."""
    is_exact: bool = False
    """Whether the one document has the text as its id or number."""


def list_documents(
    session: Session, user: OfficeUser, filters: Filters, *, before: int | None = None, limit: int = PER_PAGE
) -> DocumentPage:
    """Return the next documents that *user* may see and that match *filters*, newest first.

    *before* is `DocumentPage.next` of the page before; None for the first page.
    """
    if _can_match_nothing(session, user, filters):
        return DocumentPage((), None)
    statement = _listed(user).where(*_conditions(filters))
    if before is not None:
        statement = statement.where(Submission.seq < before)
    documents = _read(session, statement.limit(limit + 1))
    has_more = len(documents) > limit
    return DocumentPage(documents[:limit], documents[limit - 1].seq if has_more else None)


def _can_match_nothing(session: Session, user: OfficeUser, filters: Filters) -> bool:
    """Say whether *user* sees no document of the kind or the rep of *filters*.

    The database would read every document before it knew.
    """
    if filters.kind is not None and not user.has(Permission.VIEW, filters.kind):
        return True
    if filters.rep is None:
        return False
    sees_rep = select(Rep.id).where(Rep.id == filters.rep, user.reps(Permission.VIEW))
    return session.scalar(sees_rep) is None


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.kind is not None:
        conditions.append(Submission.kind == filters.kind)
    if filters.state is not None:
        conditions.append(Submission.state == filters.state)
    if filters.rep is not None:
        conditions.append(Submission.rep == filters.rep)
    if filters.cause is not None:
        conditions += [Submission.state == State.PARKED.value, of_cause(filters.cause)]
    return conditions


def _listed(user: OfficeUser) -> Select[*tuple[Any, ...]]:
    statement: Select[*tuple[Any, ...]] = select(
        Submission.seq,
        Submission.id,
        Submission.kind,
        Submission.title,
        Submission.rep,
        Rep.name,
        Submission.state,
        Submission.erp_number,
        Submission.reason,
        Submission.received_at,
    )
    of_rep = statement.join(Rep, Rep.id == Submission.rep, isouter=True)
    return of_rep.where(user.documents()).order_by(Submission.seq.desc())


def _read(session: Session, statement: Select[*tuple[Any, ...]]) -> tuple[ListedDocument, ...]:
    return tuple(ListedDocument(*row) for row in session.execute(statement))


def find(session: Session, user: OfficeUser, text: str, connector: str) -> Found:
    """Return what *text* names: an id or its beginning, a number in the ERP of *connector*, a rep, or words.

    Words are looked for in titles, and as a whole value in the bodies, such as a customer or a purchase order,
    of the newest `MAX_SEARCHED` documents.
    """
    text = " ".join(text.split())[:LONGEST]
    if not text or not is_storable(text):
        return Found()
    for named in (_by_id(text), _by_number(text, connector)):
        documents = _read(session, _listed(user).where(named).limit(PER_PAGE))
        if documents:
            return Found(documents, is_exact=len(documents) == 1)
    if is_part_of_id(text):
        part = text.upper()
        documents = _read(
            session, _listed(user).where(Submission.id >= part, Submission.id < part + "\x7f").limit(PER_PAGE)
        )
        if documents:
            return Found(documents)
    if len(text) < MIN_CHARACTERS:
        return Found()
    return Found(_read(session, _with_words(session, user, text)), _reps(session, user, text))


def _by_id(text: str) -> ColumnElement[bool]:
    return Submission.id == text.upper()


def _by_number(number: str, connector: str) -> ColumnElement[bool]:
    """Return the condition for the documents that the ERP knows under *number*, by the index of bindings."""
    return Submission.id.in_(
        select(Binding.local_id).where(
            Binding.connector == connector, Binding.entity.in_(list(KINDS)), Binding.number == number
        )
    )


def _with_words(session: Session, user: OfficeUser, text: str) -> Select[*tuple[Any, ...]]:
    newest = session.scalar(select(func.max(Submission.seq))) or 0
    value = json.dumps(text, ensure_ascii=False)
    return (
        _listed(user)
        .where(
            Submission.seq > newest - MAX_SEARCHED,
            or_(
                func.lower(Submission.title).contains(text.lower(), autoescape=True),
                Submission.body.contains(value, autoescape=True),
            ),
        )
        .limit(PER_PAGE)
    )


def _reps(session: Session, user: OfficeUser, text: str) -> tuple[tuple[str, str], ...]:
    named = or_(Rep.id == text, func.lower(Rep.name).contains(text.lower(), autoescape=True))
    rows = session.execute(
        select(Rep.id, Rep.name).where(named, user.reps(Permission.VIEW)).order_by(Rep.name).limit(MAX_REPS)
    )
    return tuple((id, name) for id, name in rows)
