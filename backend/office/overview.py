"""What the start page of the console shows: what waits for the person, the way to the ERP, and the phones."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.delivery.models import Breaker
from backend.device_reports.models import DeviceReport
from backend.identity.models import Device, Rep
from backend.inbox.models import Submission
from backend.ingest.models import Watermark
from backend.office.access import OfficeUser
from backend.office.causes import causes
from backend.office.roles import Permission, Role
from sync_protocol.submission import State

UNDELIVERED = (State.RECEIVED, State.AWAITING_APPROVAL, State.QUEUED, State.SENDING, State.UNKNOWN)
"""The states in which a document is still on its way to the ERP."""
SILENT = dt.timedelta(days=1)
"""A phone that has not been seen for this long is listed."""
_DECIDED_BY_OFFICE, _REPAIRED_BY_IT = ("office", "erp"), ("it",)
"""Owners of parked documents: whoever may decide acts for the first, IT for the second."""
MAX_PHONES = 50
"""Phones in each list."""


@dataclass(frozen=True)
class WaitingCause:
    """Parked documents with one cause, on which the person must act."""

    cause: str
    """Its key, as `backend.office.causes` returns it."""
    error_class: str
    documents: int
    oldest: dt.datetime
    """Since when the one that waits longest has been parked."""
    example: str
    """The title of that one."""


@dataclass(frozen=True)
class WaitingDocument:
    """The document that has been on its way to the ERP for longest."""

    id: str
    title: str | None
    kind: str
    state: str
    received_at: dt.datetime


@dataclass(frozen=True)
class ErpState:
    """Whether the ERP can be used."""

    stopped_since: dt.datetime | None
    """Since when nothing is sent; None: it is reachable."""
    reachable_since: dt.datetime | None
    """None: since the beginning, or it is not reachable."""
    reason: str | None
    """Why nothing is sent, and what to do."""
    unreadable: tuple[str, ...]
    """The collections whose last reading failed."""


@dataclass(frozen=True)
class SilentPhone:
    """A phone that has not synced for a while."""

    device: str
    name: str
    rep: str
    rep_name: str
    seen_at: dt.datetime | None
    """None: it was enrolled and never seen since."""
    enrolled_at: dt.datetime


@dataclass(frozen=True)
class UnsentOnPhone:
    """What a phone had not sent when it last reported."""

    device: str
    rep: str
    rep_name: str
    reported_at: dt.datetime
    count: int
    kinds: tuple[str, ...]
    """The kinds of the documents that the report names, each once."""


def waiting_causes(session: Session, user: OfficeUser, now: dt.datetime) -> list[WaitingCause]:
    """Return the causes of parked documents on which *user* must act, longest-waiting first."""
    waiting: dict[str, WaitingCause] = {}
    for permission, owners in ((Permission.DECIDE, _DECIDED_BY_OFFICE), (Permission.RETRY, _REPAIRED_BY_IT)):
        if not user.has(permission) or (permission is Permission.RETRY and Role.IT.value not in user.roles):
            continue
        for cause in causes(session, now=now, user=user, permission=permission):
            first = cause.example
            if first is not None and first.owner in owners:
                waiting[cause.cause] = WaitingCause(
                    cause.cause, cause.error_class, cause.documents, first.since, first.title
                )
    return sorted(waiting.values(), key=lambda each: (each.oldest, each.cause))


def oldest_undelivered(session: Session, user: OfficeUser) -> WaitingDocument | None:
    """Return the document that *user* may see and that has been on its way for longest; None if none is."""
    columns = (Submission.id, Submission.title, Submission.kind, Submission.state, Submission.received_at)
    row = session.execute(
        select(*columns)
        .where(Submission.state.in_([state.value for state in UNDELIVERED]), user.documents())
        .order_by(Submission.received_at, Submission.seq)
        .limit(1)
    ).one_or_none()
    return WaitingDocument(*row) if row is not None else None


def erp_state(session: Session, connector: str) -> ErpState:
    """Return the state of the way to the ERP through *connector*."""
    breaker = session.get(Breaker, connector)
    failing = session.scalars(
        select(Watermark.collection)
        .where(Watermark.connector == connector, Watermark.failing_since.is_not(None))
        .order_by(Watermark.collection)
    )
    stopped = breaker.opened_at if breaker is not None else None
    return ErpState(
        stopped,
        breaker.closed_at if breaker is not None and stopped is None else None,
        breaker.reason if breaker is not None and stopped is not None else None,
        tuple(failing),
    )


def silent_phones(session: Session, user: OfficeUser, now: dt.datetime) -> list[SilentPhone]:
    """Return the phones that have not been seen for `SILENT`, longest first, of the reps that *user* sees."""
    seen_at = func.coalesce(Device.last_seen_at, Device.enrolled_at)
    rows = session.execute(
        select(Device.id, Device.name, Rep.id, Rep.name, Device.last_seen_at, Device.enrolled_at)
        .join(Rep, Rep.id == Device.rep)
        .where(Device.revoked_at.is_(None), Rep.active, seen_at < now - SILENT, user.reps(Permission.PHONES))
        .order_by(seen_at, Device.id)
        .limit(MAX_PHONES)
    )
    return [SilentPhone(*row) for row in rows]


def unsent_on_phones(session: Session, user: OfficeUser) -> list[UnsentOnPhone]:
    """Return the phones that had unsent documents when they last reported, longest ago first."""
    rows = session.execute(
        select(DeviceReport, Rep.name)
        .join(Rep, Rep.id == DeviceReport.rep)
        .where(DeviceReport.unsent_total > 0, user.reps(Permission.PHONES))
        .order_by(DeviceReport.reported_at, DeviceReport.device)
        .limit(MAX_PHONES)
    )
    return [
        UnsentOnPhone(
            report.device,
            report.rep,
            rep_name,
            report.reported_at,
            report.unsent_total,
            tuple(sorted({str(document["kind"]) for document in report.unsent})),
        )
        for report, rep_name in rows
    ]
