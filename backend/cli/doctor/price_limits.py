"""`satchel doctor` on prices: reps who may grant anything.

Each topic of the report has a file of its own.
"""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.cli.doctor.finding import OK, WARNING, Finding
from backend.feed.changes import live_many
from backend.identity.models import Rep
from sync_protocol.catalogue.price_limits import PRICE_LIMITS

SHOWN = 10


def examine_price_limits(session: Session) -> Iterator[Finding]:
    """Yield the finding about active reps without a price limit."""
    reps = session.scalars(select(Rep.id).where(Rep.active).order_by(Rep.id)).all()
    limited = live_many(session, PRICE_LIMITS.name, reps)
    others = [rep for rep in reps if rep not in limited]
    if not others:
        yield Finding(OK, "prices", "every active rep has a price limit")
        return
    shown = ", ".join(others[:SHOWN]) + (" …" if len(others) > SHOWN else "")
    yield Finding(
        WARNING,
        "prices",
        f"nothing limits the prices of {shown}: their orders are sent with any price",
        "`satchel rep limit REP --discount PERCENT` sets what a rep may grant",
    )
