"""The worker's round: what is due is built; daily what is damaged is found, and what is past goes."""

import time
from collections.abc import Callable

from backend.clock import Clock
from backend.database.core import Sessions
from backend.settings import Settings
from backend.sync.segments.due import build_due
from backend.sync.segments.factory import make_store
from backend.sync.segments.scrub import scrub
from backend.sync.segments.sweep import sweep

ROUND_SECONDS = 300.0
"""Between two looks for streams whose segments are to be built; none is built more often."""
SWEEP_SECONDS = 86_400.0


def run_maintenance(sessions: Sessions, clock: Clock, settings: Settings) -> Callable[[], None]:
    """Return the round, to be made every `ROUND_SECONDS`; it raises what building and sweeping raise."""
    store = make_store(settings)
    next_sweep = 0.0

    def round() -> None:
        nonlocal next_sweep
        if time.monotonic() >= next_sweep:
            # Before the building, which mends what is withdrawn.
            scrub(sessions, store, clock)
        build_due(sessions, store, clock, settings)
        if time.monotonic() >= next_sweep:
            sweep(sessions, store, clock, settings)
            next_sweep = time.monotonic() + SWEEP_SECONDS

    return round
