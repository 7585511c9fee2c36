"""Failed attempts in the audit trail: wrong codes and tokens, and what somebody may not do.

A guesser must not fill the table. So of the attempts of one kind by the same actor only the first one in an
hour is written, and each process writes at most `MAX_ENTRIES` an hour. The others are counted, and the first
entry of a later hour has their number. A process that ends forgets its counts.
"""

import datetime as dt
import threading
from dataclasses import dataclass, field

WINDOW = dt.timedelta(hours=1)
MAX_ENTRIES = 100
"""Entries that one process writes in a `WINDOW`. Four processes write at most 9,600 entries a day."""


@dataclass
class FailedAttempts:
    """What one process has written in the current window, and counted since. Safe for several threads."""

    _began: dt.datetime | None = None
    _written: int = 0
    _uncounted: dict[tuple[str, str], int] = field(default_factory=dict)
    """Attempts since the last entry, by action and actor; only of those that have an entry."""
    _beyond: int = 0
    """Attempts of others, after `MAX_ENTRIES`."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, action: str, actor: str, now: dt.datetime) -> dict[str, int] | None:
        """Count an attempt; return what its entry says about those without one, or None: it gets no entry."""
        with self._lock:
            before: dict[tuple[str, str], int] = {}
            beyond = 0
            # The second condition is true after the clock was set back.
            if self._began is None or not self._began <= now < self._began + WINDOW:
                before, beyond = self._uncounted, self._beyond
                self._began, self._written, self._uncounted, self._beyond = now, 0, {}, 0
            attempt = (action, actor)
            if attempt in self._uncounted:
                self._uncounted[attempt] += 1
                return None
            if self._written >= MAX_ENTRIES:
                self._beyond += 1
                return None
            self._written += 1
            self._uncounted[attempt] = 0
            since = sum(before.values()) + beyond
            return {"without_entry_before": since} if since else {}
