"""`satchel doctor` on workers: whether one runs, and whether each of its duties does its rounds.

Each topic of the report has a file of its own.
"""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import OK, WARNING, Finding
from backend.settings import Settings
from backend.watchdog.heart import PROCESS
from backend.watchdog.late import find_late, read_heartbeats
from backend.watchdog.models import WorkerAlert


def examine_workers(settings: Settings, session: Session, now: dt.datetime) -> Iterator[Finding]:
    """Yield the findings about workers; a warning each, because no document is lost meanwhile."""
    rows = read_heartbeats(session)
    late = find_late(rows, now, settings.worker_late_seconds)
    for each in late:
        yield Finding(WARNING, "worker", each.message, each.advice)
    if not late:
        count = sum(row.duty == PROCESS and row.ended_at is None for row in rows)
        yield Finding(OK, "worker", f"{count} running" if count else "stopped a moment ago")
    lost = session.scalar(select(func.count()).where(WorkerAlert.state.in_(("failed", "unknown"))))
    if lost:
        error = session.scalar(
            select(WorkerAlert.error).where(WorkerAlert.error.is_not(None)).order_by(WorkerAlert.id.desc())
        )
        message = f"{lost} alerts about late workers may not have been received; newest error: {error}"
        yield Finding(WARNING, "worker", message, "check the settings of e-mail and webhook")
