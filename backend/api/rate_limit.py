"""Failed attempts at enrolment and refresh, counted per address.

A bucket per address in this process's memory: enough to make guessing slow, and no more than that, as
codes and tokens have 75 bits and more. Only failures count, so that a fleet of phones behind one
address never waits for its own successes.
"""

import datetime as dt
import math
import threading
from collections import OrderedDict

BURST = 20
PER_SECOND = 0.5
MAX_ADDRESSES = 10_000


class FailureLimiter:
    """Counts failures; thread-safe."""

    def __init__(self, burst: int = BURST, per_second: float = PER_SECOND) -> None:
        self._burst, self._per_second = burst, per_second
        self._failures: OrderedDict[str, tuple[float, dt.datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str, now: dt.datetime) -> int:
        """Return how many seconds *address* must wait before it may try; 0 for not at all."""
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
