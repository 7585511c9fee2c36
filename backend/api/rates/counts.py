"""Counts that all nodes share through Redis, and that this process continues alone if Redis is away or absent.

Every event is counted here first. Only a key that has used a share of its limit is counted in Redis as well, so
an honest device costs no round trip. When Redis goes away, the counts of this process are still there: a
limit becomes one per process, and nobody gets a fresh allowance.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis
from limits import RateLimitItem
from limits.storage import RedisStorage, Storage

from backend.api.rates.local_counts import LocalCounts

PREFIX = "satchel:rates"
TIMEOUT_SECONDS = 0.2
"""How long one answer of Redis may take."""
AWAY_SECONDS = 5.0
"""After a failure Redis is not asked for so long."""

log = logging.getLogger("satchel.rates")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many events of one kind may happen in a window of seconds.

    *alone* events in a window of this process are not reported to the other nodes. *amount* and *window* repeat
    what *item* says, because an idle poll takes a quarter of a millisecond.
    """

    kind: str
    item: RateLimitItem
    alone: int
    amount: int
    window: int


def limit_of(kind: str, item: RateLimitItem, *, alone: int = 0) -> Limit:
    """Return the limit *item* on events of *kind*."""
    return Limit(kind, item, alone, item.amount, item.get_expiry())


class Counts:
    """Counts events against limits; thread-safe."""

    def __init__(self, local: LocalCounts, shared: Storage | None, now: Callable[[], float]) -> None:
        """*shared* counts for all nodes (None: nobody does); *now* returns seconds since 1970."""
        self._local, self._shared, self._now = local, shared, now
        self._away_until = 0.0

    def hit(self, limit: Limit, name: str, now: float | None = None, amount: int = 1) -> int:
        """Count *amount* events of *name*; return the seconds to wait if it is above *limit*, else 0."""
        now = self._now() if now is None else now
        return self.wait(limit, name, now, self.count(limit, name, now, amount), amount)

    def count(self, limit: Limit, name: str, now: float, amount: int = 1) -> int:
        """Count *amount* events of *name* in this process only; return how many there were in this window."""
        return self._local.count(limit.kind + name, limit.window, now, amount)

    def wait(self, limit: Limit, name: str, now: float, count: int, amount: int = 1) -> int:
        """Return the seconds that *name* must wait, given its *count* with the *amount* that was just added."""
        if count <= limit.alone:
            return 0
        if count > limit.amount:
            return _seconds(self._local.get_expiry(limit.kind + name), now, limit.window)
        if self._shared is None or time.monotonic() < self._away_until:
            return 0
        # The first report states also what was counted alone.
        return self._report(self._shared, limit, name, count if count - amount <= limit.alone else amount)

    def _report(self, shared: Storage, limit: Limit, name: str, amount: int) -> int:
        """Count *amount* events for all nodes; return the seconds to wait."""
        key = limit.item.key_for(limit.kind, name)
        try:
            if shared.incr(key, limit.window, amount=amount) <= limit.amount:
                return 0
            return _seconds(shared.get_expiry(key), time.time(), limit.window)
        except (redis.RedisError, OSError) as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("Redis does not answer, so each process counts alone: %s", error)
            return 0


def _seconds(end: float, now: float, window: int) -> int:
    return max(1, min(window, math.ceil(end - now)))


def shared_storage(redis_url: str) -> Storage | None:
    """Return the storage in Redis at *redis_url*, which is not contacted yet; None without an address."""
    if not redis_url:
        return None
    return RedisStorage(
        redis_url,
        key_prefix=PREFIX,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )
