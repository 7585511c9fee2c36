"""A worker's heart on a database, whose clock the test moves."""

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.watchdog.heart import Heart
from backend.watchdog.late import Late, find_late, read_heartbeats

LATE_SECONDS = 600.0
WORKER = "node1:17"


@pytest.fixture
def heart(sessions: Sessions, clock: ManualClock) -> Heart:
    """The heart of a worker with two duties; not started."""
    heart = Heart(sessions, clock, WORKER)
    for name in ("forward-1", "ingest"):
        heart.duty(name).succeeded(2)
    return heart


def late_in(sessions: Sessions, clock: ManualClock) -> list[Late]:
    """Return what is late now."""
    with sessions() as session:
        return find_late(read_heartbeats(session), clock.now(), LATE_SECONDS)
