"""Limits failed attempts per address with a leaky bucket in this process's memory.

This makes guessing slow. More is not needed: codes and tokens have at least 75 random bits. Only failures
count, so that a fleet of phones behind one address never has to wait because of its successes.
"""

import datetime as dt
import math
import threading
from collections import OrderedDict

BURST = 20
"""Failures in a row before an address must wait."""
PER_SECOND = 0.5
"""Failures that are forgotten per second."""
MAX_ADDRESSES = 10_000
"""Addresses remembered; the one whose last failure is oldest is forgotten first."""


class FailureLimiter:
    """Counts failures; thread-safe."""

    def __init__(self, burst: int = BURST, per_second: float = PER_SECOND) -> None:
        self._burst, self._per_second = burst, per_second
        self._failures: OrderedDict[str, tuple[float, dt.datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str, now: dt.datetime) -> int:
        """Return how many seconds *address* must wait before its next attempt; 0 if it need not wait."""
        with self._lock:
            excess = self._level(address, now) - self._burst + 1
        return max(0, math.ceil(excess / self._per_second))

    def failed(self, address: str, now: dt.datetime) -> None:
        """Count a failure of *address*."""
        with self._lock:
            self._failures[address] = (self._level(address, now) + 1, now)
            self._failures.move_to_end(address)
            while len(self._failures) > MAX_ADDRESSES:
                self._failures.popitem(last=False)

    def _level(self, address: str, now: dt.datetime) -> float:
        level, since = self._failures.get(address, (0.0, now))
        return max(0.0, level - max(0.0, (now - since).total_seconds()) * self._per_second)
