"""Says which collections of the ERP have not been read, or not searched for deletions, for too long.

One failure is nothing: it is tried again. After hours the phones show old data, and an operator must know, even
if nobody looks at `satchel doctor` or at the metrics.
"""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.clock import is_ahead
from backend.ingest.models import Watermark
from backend.watchdog.late import NEVER, Late
from sync_protocol.local_time import local_time

DUTY = "ingest"
"""Its parts are named `ingest:customers` and `sweep:customers`."""
READ_ADVICE = "correct what the message says; `satchel ingest` reads it again at once"
SWEEP_ADVICE = "if the ERP is right: `satchel sweep`"
_LONGEST = 500


def find_failing(session: Session, now: dt.datetime, seconds: float, sweep_seconds: float) -> list[Late]:
    """Return the collections that have failed for *seconds*, by name.

    *sweep_seconds* is the pause between two searches for deletions: their failure counts after it.
    """
    rows = session.scalars(
        select(Watermark)
        .where(or_(Watermark.failing_since.is_not(None), Watermark.sweep_failure.is_not(None)))
        .order_by(Watermark.connector, Watermark.collection)
    ).all()
    return [late for row in rows for late in _late(row, now, dt.timedelta(seconds=seconds), sweep_seconds)]


def _late(row: Watermark, now: dt.datetime, limit: dt.timedelta, sweep_seconds: float) -> Iterator[Late]:
    since = row.failing_since
    if since is not None and (now - since > limit or is_ahead(since, now)):
        what = f"reading {row.collection} from {row.connector} fails since {local_time(since)}: {row.failure}"
        yield Late("", f"{DUTY}:{row.collection}", since, _sentence(what), READ_ADVICE)
    if row.sweep_failure is None:
        return
    swept = row.swept_at or NEVER
    if now - swept > limit + dt.timedelta(seconds=sweep_seconds) or is_ahead(swept, now):
        when = f"since {local_time(swept)}" if row.swept_at else "yet"
        what = f"no deletions of {row.collection} were found {when}: {row.sweep_failure}"
        yield Late("", f"sweep:{row.collection}", swept, _sentence(what), SWEEP_ADVICE)


def _sentence(text: str) -> str:
    return text[:_LONGEST].rstrip(".")
