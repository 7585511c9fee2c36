"""What the office sees of parked documents: who must act on each, why, in the ERP's words, and what to do."""

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import cast

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from backend.clock import instant
from backend.delivery.park_reasons import advice_for, class_of, owner_of
from backend.inbox.models import Submission
from backend.inbox.records import title_of
from backend.inbox.submissions import get
from backend.office.access import OfficeUser
from backend.office.errors import ActionRefused
from sync_protocol.errors import ErrorCode, FaultJson
from sync_protocol.office import ParkedJson
from sync_protocol.submission import State

MAX_BYTES = 1024 * 1024
"""Maximum bytes of the bodies in one page of the list."""


@dataclass(frozen=True)
class ParkedDocument:
    """A document as the office sees it; the fields are those of `ParkedSchema`."""

    id: str
    kind: str
    title: str
    rep: str
    state: str
    decision: str | None
    error_class: str | None
    """A key of `park_reasons.PARK_REASONS`. None, like *owner*, unless the document is parked."""
    owner: str | None
    """Who must act: rep, office, it or erp."""
    reason: str
    """A sentence in plain words; the rep reads it too."""
    raw: str | None
    """The ERP's own words."""
    advice: str | None
    """What to do. None unless the document is parked or on hold."""
    since: dt.datetime
    """When the state last changed."""
    received_at: dt.datetime
    reserved_by: str | None
    """Who has reserved it; None if nobody has, or the reservation has ended."""
    reserved_until: dt.datetime | None
    erp_number: str | None
    superseded_by: str | None
    """Id of the document that has replaced it."""
    warnings: list[FaultJson]
    """What the rep was told at the push: {code, field, message}."""
    body: str
    """The body as canonical JSON."""

    def to_wire(self) -> ParkedJson:
        """Return the document as JSON of `ParkedSchema`."""
        values = {name: instant(v) if isinstance(v, dt.datetime) else v for name, v in asdict(self).items()}
        return cast("ParkedJson", {**values, "body": json.loads(self.body)})


@dataclass(frozen=True)
class ParkedPage:
    """Some parked documents. *next* is given as *after* to get those that follow; None: there are none."""

    documents: list[ParkedDocument]
    next: str | None


def get_document(session: Session, id: str, *, lock: bool = False) -> Submission:
    """Return the document *id*; *lock* locks its row until the commit. Raises `ActionRefused` (not_found)."""
    row = get(session, id, lock=lock)
    if row is None:
        raise ActionRefused(ErrorCode.NOT_FOUND, f"there is no document {id}")
    return row


def list_parked(
    session: Session,
    *,
    now: dt.datetime,
    owner: str | None = None,
    error_class: str | None = None,
    rep: str | None = None,
    cause: ColumnElement[bool] | None = None,
    limit: int = 100,
    limit_bytes: int | None = None,
    after: str | None = None,
    user: OfficeUser | None = None,
) -> ParkedPage:
    """Return the next parked documents that match the filters, longest-waiting first.

    Args:
        cause: The condition of one cause (`causes.of_cause`).
        limit: Maximum number of documents.
        limit_bytes: Maximum bytes of their bodies; one document is returned even if it is larger.
        after: `ParkedPage.next` of the page before; None for the first page.
        user: Only documents that this person may see; None: all.

    Raises ValueError if *after* is another text.
    """
    place = tuple_(Submission.updated_at, Submission.seq)
    statement = (
        select(Submission)
        .where(Submission.state == State.PARKED.value)
        .order_by(Submission.updated_at, Submission.seq)
    )
    if user is not None:
        statement = statement.where(user.documents())
    if after is not None:
        statement = statement.where(place > _read_place(after))
    if rep is not None:
        statement = statement.where(Submission.rep == rep)
    if cause is not None:
        statement = statement.where(cause)
    documents: list[ParkedDocument] = []
    size, last = 0, ""
    # A few rows at a time: a body has up to 512 KiB.
    rows = session.scalars(statement.execution_options(yield_per=50))
    for row in rows:
        document = to_view(row, now)
        if owner not in (None, document.owner) or error_class not in (None, document.error_class):
            continue
        size += len(document.body.encode())
        if documents and (len(documents) == limit or (limit_bytes is not None and size > limit_bytes)):
            rows.close()
            return ParkedPage(documents, last)
        documents.append(document)
        last = f"{instant(row.updated_at)}/{row.seq}"
    return ParkedPage(documents, None)


def _read_place(text: str) -> tuple[dt.datetime, int]:
    """Return the place in the list that a page ended with; raises ValueError."""
    moment, _, seq = text.partition("/")
    if not (seq.isascii() and seq.isdigit() and len(seq) <= 18):
        raise ValueError("must be `next` of the page before")
    try:
        at = dt.datetime.fromisoformat(moment)
        return at.astimezone(dt.UTC) if at.tzinfo else at.replace(tzinfo=dt.UTC), int(seq)
    except (ValueError, OverflowError):
        raise ValueError("must be `next` of the page before") from None


def reservation_holder(row: Submission, now: dt.datetime) -> str | None:
    """Return who has reserved *row*; None if nobody has, or the reservation has ended."""
    return row.reserved_by if row.reserved_until is not None and row.reserved_until > now else None


def to_view(row: Submission, now: dt.datetime) -> ParkedDocument:
    """Return *row* as the office sees it at *now*."""
    holder, parked = reservation_holder(row, now), row.state == State.PARKED
    return ParkedDocument(
        id=row.id,
        kind=row.kind,
        title=title_of(row),
        rep=row.rep,
        state=row.state,
        decision=row.decision,
        error_class=class_of(row) if parked else None,
        owner=owner_of(row) if parked else None,
        reason=row.reason or "",
        raw=row.raw_reason,
        # A person decides in the ERP on a document that is on hold there; the connector may know how.
        advice=advice_for(row) if parked else row.advice if row.state == State.ON_HOLD else None,
        since=row.updated_at,
        received_at=row.received_at,
        reserved_by=holder,
        reserved_until=row.reserved_until if holder else None,
        erp_number=row.erp_number,
        superseded_by=row.superseded_by,
        warnings=row.warnings,
        body=row.body,
    )
