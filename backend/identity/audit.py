"""The audit trail: who did what to which subject, and when. Entries are never changed."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.identity.models import AuditEntry


def record(
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    now: dt.datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry.

    Args:
        actor: `device:<id>` or `user:<name>`.
        action: Such as `device.revoked`.
        subject: The id of the device, rep or document that the action concerns.
        detail: Values that JSON can hold, without secrets.
    """
    session.add(AuditEntry(at=now, actor=actor, action=action, subject=subject, detail=dict(detail or {})))
    session.flush()


def entries(session: Session, *, subject: str | None = None, limit: int = 100) -> list[AuditEntry]:
    """Return up to *limit* entries, newest first; only those of *subject* if given."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if subject is not None:
        statement = statement.where(AuditEntry.subject == subject)
    return list(session.scalars(statement))
