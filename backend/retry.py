"""Retry: how long to wait before the next try, for everything that Satchel's server repeats.

Full jitter: a random share of an exponentially growing ceiling, so that documents which failed together
do not come back together. Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

`wait` is random, for documents; `ceiling` alone is for jobs of which only one runs. The device has a backoff of
its own (`sync_protocol/device/sync/schedule.py`), as it may not import the backend.
"""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LONGEST_RETRY_AFTER = 86_400.0
_MAX_DOUBLINGS = 30


@dataclass(frozen=True)
class Backoff:
    """The waits in force; *base* and *cap* in seconds, *random* returns a number from 0 to below 1.

    *pattern* replaces doubling: pairs of (number of the try, longest wait in seconds from that try on).
    """

    base: float
    cap: float
    random: Callable[[], float] = random.random
    pattern: tuple[tuple[int, float], ...] = ()

    def ceiling(self, tries: int) -> float:
        """Return the longest wait in seconds after *tries* failures in a row (0 for the first)."""
        if self.pattern:
            return [wait for first, wait in self.pattern if first <= tries + 1][-1]
        return min(self.cap, self.base * 2.0 ** min(tries, _MAX_DOUBLINGS))

    def wait(self, tries: int, retry_after: float | None = None) -> dt.timedelta:
        """Return the wait after *tries* failures; the ERP's own *retry_after* (seconds) wins."""
        if retry_after is not None:
            return dt.timedelta(seconds=min(max(retry_after, 0.0), LONGEST_RETRY_AFTER))
        return dt.timedelta(seconds=self.random() * self.ceiling(tries))


def pattern_of(steps: Sequence[str]) -> tuple[tuple[int, float], ...]:
    """Return the pattern for *steps* of the setting (`5:60`: 60 seconds from the fifth try on)."""
    pairs = (step.partition(":") for step in steps)
    return tuple((int(first), float(wait)) for first, _, wait in pairs)
