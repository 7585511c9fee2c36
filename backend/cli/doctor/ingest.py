"""`satchel doctor` on ingest: reads that fail, rows in quarantine, changes that were missed.

Each topic of the report has a file of its own.
"""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import OK, WARNING, Finding
from backend.ingest import quarantine
from backend.ingest.models import Watermark
from sync_protocol.local_time import local_time


def examine_ingest(session: Session) -> Iterator[Finding]:
    """Yield the findings about reading the ERP."""
    for mark in session.scalars(select(Watermark).order_by(Watermark.collection)):
        if mark.failure is not None:
            since = f"failing since {local_time(mark.failing_since)}" if mark.failing_since else ""
            yield Finding(WARNING, f"reading {mark.collection}", mark.failure, since)
        if mark.sweep_failure is not None:
            advice = "if the ERP is right: `satchel sweep`"
            yield Finding(WARNING, f"deletions of {mark.collection}", mark.sweep_failure, advice)
        if mark.compare_missed:
            yield Finding(
                WARNING,
                f"changes of {mark.collection}",
                f"the last full comparison found {mark.compare_missed} that incremental reads had missed",
                "they are corrected; if it happens again, the ERP changes rows without a new timestamp",
            )
    counts = quarantine.count(session)
    if counts:
        rows = ", ".join(f"{count} {name}" for name, count in counts.items())
        first = quarantine.oldest(session)
        example = f". The oldest: {first.collection} {first.external_id}: {first.error[:200]}" if first else ""
        advice = "`satchel ingest quarantine` shows all; they are retried automatically"
        yield Finding(WARNING, "ERP rows", f"in quarantine: {rows}{example}", advice)
    else:
        yield Finding(OK, "ERP rows", "none in quarantine")
