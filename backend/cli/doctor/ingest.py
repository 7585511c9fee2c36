"""What doctor finds about reading the ERP: what fails, what lies in quarantine, what was missed."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import GOOD, WARN, Finding
from backend.ingest import quarantine
from backend.ingest.models import Watermark


def examine_ingest(session: Session) -> Iterator[Finding]:
    """Yield the findings about readings of the ERP."""
    for mark in session.scalars(select(Watermark).order_by(Watermark.collection)):
        if mark.failure is not None:
            since = f"failing since {mark.failing_since:%Y-%m-%d %H:%M}" if mark.failing_since else ""
            yield Finding(WARN, f"reading {mark.collection}", mark.failure, since)
        if mark.sweep_failure is not None:
            yield Finding(WARN, f"deletions of {mark.collection}", mark.sweep_failure, "as it says")
        if mark.compare_missed:
            yield Finding(
                WARN,
                f"changes of {mark.collection}",
                f"the newest comparison with the ERP found {mark.compare_missed} that reading had missed",
                "they are mended; if it happens again, the ERP changes rows without stamping them",
            )
    bad = quarantine.count(session)
    if bad:
        words = ", ".join(f"{number} {name}" for name, number in bad.items())
        advice = "`satchel ingest quarantine` says why; they are tried again by themselves"
        yield Finding(WARN, "ERP rows", f"could not be taken: {words}", advice)
    else:
        yield Finding(GOOD, "ERP rows", "none is in quarantine")
