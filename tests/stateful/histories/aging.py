"""Time for the histories: a worker that notes where the feed stands, and a collection of what is old."""

from backend.clock import ManualClock
from backend.db import Sessions
from backend.feed import compaction, moments
from tests.conftest import MONDAY

DAYS = 30
"""How long tombstones live here."""


def collect_all(sessions: Sessions) -> int:
    """Collect every tombstone there is that may go, as if it were old; return how many went."""
    clock = ManualClock(MONDAY)
    with sessions() as session, session.begin():
        moments.note(session, clock, every=-DAYS * moments.NOTE_EVERY)
    clock.advance(days=DAYS)
    return compaction.compact(sessions, clock, DAYS)
