"""Time for the histories: a worker that notes where the feed stands, and a collection of what is old."""

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import compaction, position_times
from tests.conftest import MONDAY

DAYS = 30
"""How long tombstones live here."""


def collect_all(sessions: Sessions) -> int:
    """Collect every tombstone there is that may go, as if it were old; return how many went."""
    clock = ManualClock(MONDAY)
    with sessions() as session, session.begin():
        position_times.record(session, clock, every=-DAYS * position_times.RECORD_EVERY)
    clock.advance(days=DAYS)
    return compaction.compact(sessions, clock, DAYS)
