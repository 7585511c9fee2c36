"""The worker's periodic job for segments: build what is due; once a day scrub and sweep.

Separate from `due`, `scrub` and `sweep`, which the command line also calls one by one.
"""

import datetime as dt
from collections.abc import Callable

from backend.clock import Clock
from backend.database.core import Sessions
from backend.settings import Settings
from backend.sync.segments.due import build_due
from backend.sync.segments.scrub import scrub
from backend.sync.segments.store_factory import make_store
from backend.sync.segments.sweep import sweep

INTERVAL_SECONDS = 300.0
"""Between two runs. No stream is built more often."""
SWEEP_SECONDS = 86_400.0
"""Between two scrubs, and between two sweeps."""


def run_maintenance(
    sessions: Sessions, clock: Clock, settings: Settings, beat: Callable[[], None] = lambda: None
) -> Callable[[], None]:
    """Return the job, to be called every `INTERVAL_SECONDS`; it raises what building and sweeping raise.

    *beat* is called within long steps that use no database.
    """
    store = make_store(settings)
    next_sweep = clock.now()

    def run_once() -> None:
        nonlocal next_sweep
        sweeps = clock.now() >= next_sweep
        if sweeps:
            # Before building, which replaces the sets that the scrub has withdrawn.
            scrub(sessions, store, clock, beat)
        build_due(sessions, store, clock, settings)
        if sweeps:
            sweep(sessions, store, clock, settings)
            next_sweep = clock.now() + dt.timedelta(seconds=SWEEP_SECONDS)

    return run_once
