"""Quotas: what one rep may send in a day of the company's time zone.

A push is refused as a whole, and before anything of it is stored, once the rep's documents of the day reach a
quota; one push may go beyond it. The device keeps the documents, and pushes them again after Retry-After. What
the rep has used is read in the statement that authenticates the request.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from backend.api.problems import Problem
from backend.api.services import get_services
from backend.clock import day_of
from backend.database.byte_length import byte_length
from backend.database.core import UtcDateTime
from backend.database.snapshot_reads import read_connection
from backend.database.web_session import db
from backend.identity.models import Device
from backend.identity.principals import PRINCIPAL_QUERY, Credential, Principal, check
from backend.inbox.models import Quarantined, Submission
from sync_protocol.errors import ErrorCode
from sync_protocol.submission import State

LONGEST_WAIT = 3600
"""Seconds. A device asks again within the hour, because the office may raise the quota."""


def _today(column: Any, model: Any) -> Any:
    return (
        select(column)
        .where(model.rep == Device.rep, model.received_at >= bindparam("day_began", type_=UtcDateTime()))
        .correlate(Device)
    )


def _bytes(text: Any, model: Any, *conditions: Any) -> Any:
    return func.coalesce(_today(func.sum(byte_length(text)), model).where(*conditions).scalar_subquery(), 0)


QUERY = PRINCIPAL_QUERY.add_columns(
    (
        _today(func.count(), Submission).scalar_subquery() + _today(func.count(), Quarantined).scalar_subquery()
    ).label("documents"),
    (
        _bytes(
            Submission.body,
            Submission,
            or_(*(Submission.state == state.value for state in (State.PARKED, State.REJECTED))),
        )
        + _bytes(Quarantined.document, Quarantined)
    ).label("kept_bytes"),
)


@dataclass(frozen=True)
class Used:
    """What a rep has sent today: documents, and bytes of those that stay: parked, rejected, in quarantine."""

    documents: int
    kept_bytes: int


def preload(token: Credential) -> tuple[Principal, Used]:
    """Read the device's row, and what its rep has used today, in one statement."""
    began, _ = day_of(get_services().settings.zone, get_services().clock.now())
    with read_connection(db.engine) as connection:
        row = connection.execute(QUERY, {"device": token.device, "day_began": began}).one_or_none()
    principal = check(row, token)
    return principal, Used(row.documents, row.kept_bytes)


def require_documents(used: Used) -> None:
    """Raise a `quota_exceeded` problem if the rep has used up the documents, or the parked bytes, of today."""
    limits = get_services().limits
    if limits.documents_per_day and used.documents >= limits.documents_per_day:
        raise exceeded(f"{limits.documents_per_day} documents")
    if limits.parked_bytes_per_day and used.kept_bytes >= limits.parked_bytes_per_day:
        raise exceeded(
            f"{limits.parked_bytes_per_day} bytes of documents that wait for the office or are refused"
        )


def exceeded(quota: str) -> Problem:
    """Return the problem that a rep has sent *quota* today."""
    services = get_services()
    now = services.clock.now()
    _, ends = day_of(services.settings.zone, now)
    wait = max(1, min(LONGEST_WAIT, int((ends - now).total_seconds()) + 1))
    detail = f"This rep has sent {quota} today. Keep the rest; the next day begins at {ends.isoformat()}."
    return Problem(ErrorCode.QUOTA_EXCEEDED, detail, headers={"Retry-After": str(wait)})
