"""A company with many customers in territory NW, and a look at the set on offer."""

import random
from typing import Any

from backend.database.core import Sessions
from backend.feed import segments
from backend.feed.changes import publish
from backend.feed.models import FeedSegment
from sync_protocol.change import Stream
from tests.unit.sync import company

CUSTOMERS: Stream = ("territory:NW", "customers")


def large_company(sessions: Sessions, count: int, **fields: Any) -> int:
    """Set up the reps and *count* customers; return the head."""
    company.reps(sessions)
    return customers(sessions, 0, count, **fields)


def customers(sessions: Sessions, first: int, end: int, *, noise: int = 0, **fields: Any) -> int:
    """Publish customers *first* to *end* (excluded); *noise*: digits that hardly compress. Return the head."""
    head = 0
    for start in range(first, end, 1_000):
        changes = []
        for n in range(start, min(start + 1_000, end)):
            text = {"notes": random.Random(n).randbytes(noise // 2).hex()} if noise else {}
            changes.append(company.customer(f"C{n:07}", "NW", **text, **fields))
        with sessions() as session, session.begin():
            head = publish(session, changes)
    return head


def set_of(sessions: Sessions, stream: Stream = CUSTOMERS) -> list[FeedSegment]:
    """Return the set on offer of *stream*."""
    with sessions() as session:
        return segments.on_offer(session, [stream]).get(stream, [])
