"""`satchel doctor` on the feed: replicas that differed, and recorded times that lie ahead.

Each topic of the report has a file of its own.
"""

import datetime as dt
from collections.abc import Iterator

from sqlalchemy.orm import Session

from backend.cli.doctor.finding import OK, WARNING, Finding
from backend.feed import mismatches, position_times


def examine_feed(session: Session, now: dt.datetime) -> Iterator[Finding]:
    """Yield the findings about the feed."""
    count, devices = mismatches.count_since(session, now - dt.timedelta(days=1))
    if count:
        message = f"{count} streams on {devices} devices differed from the feed in the last 24 hours"
        advice = "they were repaired; `satchel feed mismatches` shows the app versions"
        yield Finding(WARNING, "replicas", message, advice)
    else:
        yield Finding(OK, "replicas", "none differed from the feed in the last 24 hours")
    ahead = position_times.newest_ahead(session, now)
    if ahead is not None:
        yield Finding(
            WARNING,
            "compaction",
            position_times.ahead_message(ahead),
            "correct this server's clock; if it is right: `satchel feed compact --correct-times`",
        )
