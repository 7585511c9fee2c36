"""Classes of work, and how many requests of each a process admits at once.

When a server is busy, work that can wait is refused first, and pushes last. A process counts the requests
that it is answering. A resync (also a first sync and a verification) is admitted while fewer than half of its
threads are busy, a pull while fewer than three quarters are. A push is always admitted: the other threads are
left for it, and if all are busy it waits for one. A large body may still have to wait for the memory that
others take (`large_bodies`), whatever it asks for.
"""

import random
import threading
from enum import Enum


class Work(Enum):
    """What a request asks for; the first class is refused first."""

    RESYNC = "resync"
    """A first sync, the pages of a resync, and a verification."""
    PULL = "pull"
    """Changes, segments, and what the office reads."""
    PUSH = "push"
    """Documents and receipts, and the tokens without which no device could send them."""


_SHARES = {Work.RESYNC: (1, 2), Work.PULL: (3, 4)}
_WAIT_SECONDS = {Work.RESYNC: (5, 30), Work.PULL: (2, 10), Work.PUSH: (1, 5)}


def retry_seconds(work: Work) -> int:
    """Return a random time to wait, so that the devices that were refused do not come back together."""
    return random.randint(*_WAIT_SECONDS[work])  # nosec B311 - no secret


class Admission:
    """Counts the requests in progress of a process with *threads* threads; thread-safe."""

    def __init__(self, threads: int) -> None:
        self._most = {work: max(1, threads * part // parts) for work, (part, parts) in _SHARES.items()}
        self._running = 0
        self._lock = threading.Lock()

    @property
    def running(self) -> int:
        """Return how many requests are in progress."""
        return self._running

    def enter(self, work: Work) -> bool:
        """Admit a request and count it until `leave`; return False, without counting, if it must wait."""
        with self._lock:
            if not self._fits(work, self._running):
                return False
            self._running += 1
            return True

    def leave(self) -> None:
        """End a request that was admitted."""
        with self._lock:
            self._running -= 1

    def may_also(self, work: Work) -> bool:
        """Say whether a request that was admitted may also do *work* now: a sync pushes and then pulls."""
        with self._lock:
            return self._fits(work, self._running - 1)

    def _fits(self, work: Work, others: int) -> bool:
        return work not in self._most or others < self._most[work]
