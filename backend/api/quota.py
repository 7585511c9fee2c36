"""Quotas: what one rep may send in a day of the company's time zone.

A push is refused as a whole, and before anything of it is stored, once the rep's documents of the day reach a
quota; one push may go beyond it. The device keeps the documents, and pushes them again after Retry-After. What
the rep has used is read in the statement that authenticates the request.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, bindparam, case, func, literal, select, text

from backend.api.problems import Problem
from backend.api.services import Services, get_services
from backend.clock import day_of
from backend.database.byte_length import byte_length
from backend.database.core import UtcDateTime
from backend.database.snapshot_reads import ReadConnection, read_connection
from backend.database.web_session import db
from backend.feed.models import FeedStream
from backend.identity.models import Device
from backend.identity.principals import PRINCIPAL_QUERY, Credential, Principal, check
from backend.inbox.models import KEPT_STATES, Quarantined, Submission
from backend.inbox.records import SUBMISSIONS
from sync_protocol.errors import ErrorCode

_NO_QUOTA = 2**62
LONGEST_WAIT = 3600
"""Seconds. A device asks again within the hour, because the office may raise the quota."""


def _today(column: Any, model: Any) -> Any:
    return (
        select(column)
        .where(model.rep == Device.rep, model.received_at >= bindparam("day_began", type_=UtcDateTime()))
        .correlate(Device)
    )


def _bytes(document: Any, model: Any, *conditions: Any) -> Any:
    return func.coalesce(_today(func.sum(byte_length(document)), model).where(*conditions).scalar_subquery(), 0)


def _documents() -> Any:
    """Return the number of documents of the day; fewer if there are certainly fewer than `documents_quota`.

    The rep's stream has a record of every submission of the rep, so nothing need be counted while it has few.
    """
    stream = (FeedStream.channel == literal("rep:").concat(Device.rep), FeedStream.collection == SUBMISSIONS)
    ever = select(FeedStream.rows).where(*stream).correlate(Device).scalar_subquery()
    submissions = _today(func.count(), Submission).scalar_subquery()
    quarantined = _today(func.count(), Quarantined).scalar_subquery()
    are_few = ever + quarantined < bindparam("documents_quota", type_=BigInteger())
    return case((are_few, quarantined), else_=submissions + quarantined)


QUERY = PRINCIPAL_QUERY.add_columns(
    _documents().label("documents"),
    (
        # As the index has it: a plan that is made for any values uses it too.
        _bytes(Submission.body, Submission, text(KEPT_STATES)) + _bytes(Quarantined.document, Quarantined)
    ).label("kept_bytes"),
)


@dataclass(frozen=True)
class Used:
    """What a rep has sent today: documents, and bytes of those that stay: parked, rejected, in quarantine."""

    documents: int
    """Exact only if the rep has ever sent as many as the quota; otherwise a lower number."""
    kept_bytes: int


def preload(token: Credential) -> tuple[Principal, Used]:
    """Read the device's row, and what its rep has used today, in one statement."""
    with read_connection(db.engine) as connection:
        return read_today(connection, token, get_services())


def read_today(connection: ReadConnection, token: Credential, services: Services) -> tuple[Principal, Used]:
    """Do as `read`, for today and the quota of this installation."""
    began, _ = day_of(services.settings.zone, services.clock.now())
    return read(connection, token, began, services.limits.documents_per_day)


def read(
    connection: ReadConnection, token: Credential, began: dt.datetime, quota: int
) -> tuple[Principal, Used]:
    """Read the device's row, and what its rep has used since the day *began*; raises what `check` raises.

    *quota* is that of documents, 0 for none.
    """
    parameters = {"device": token.device, "day_began": began, "documents_quota": quota or _NO_QUOTA}
    row = connection.execute(QUERY, parameters).one_or_none()
    principal = check(row, token)
    return principal, Used(row.documents, row.kept_bytes)


def require_documents(services: Services, used: Used) -> None:
    """Raise a `quota_exceeded` problem if the rep has used up the documents, or the parked bytes, of today."""
    limits = services.limits
    if limits.documents_per_day and used.documents >= limits.documents_per_day:
        raise exceeded(services, f"{limits.documents_per_day} documents")
    if limits.parked_bytes_per_day and used.kept_bytes >= limits.parked_bytes_per_day:
        raise exceeded(
            services,
            f"{limits.parked_bytes_per_day} bytes of documents that wait for the office or are refused",
        )


def exceeded(services: Services, quota: str) -> Problem:
    """Return the problem that a rep has sent *quota* today."""
    now = services.clock.now()
    _, ends = day_of(services.settings.zone, now)
    wait = max(1, min(LONGEST_WAIT, int((ends - now).total_seconds()) + 1))
    detail = f"This rep has sent {quota} today. Keep the rest; the next day begins at {ends.isoformat()}."
    return Problem(ErrorCode.QUOTA_EXCEEDED, detail, headers={"Retry-After": str(wait)})
