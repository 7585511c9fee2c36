"""Counts in the memory of this process, bounded: the storage of `limits` for what Redis does not count.

The library's own memory storage keeps every key until it expires, and needs a thread to remove it. A million
addresses in a minute would fill the memory.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from limits.storage import Storage

MAX_KEYS = 20_000
"""Keys that are counted at once, about 5 MB; the one whose window began first is forgotten first."""


class LocalCounts(Storage):
    """Counts per key in fixed windows; thread-safe. Not more than *max_keys* keys are kept."""

    STORAGE_SCHEME = None

    def __init__(self, now: Callable[[], float], max_keys: int = MAX_KEYS) -> None:
        """*now* returns seconds since 1970."""
        super().__init__()
        self._now, self._max_keys = now, max_keys
        self._windows: OrderedDict[str, list[float]] = OrderedDict()
        """The count and the end of the window of each key, in the order in which the windows began."""
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._windows)

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add *amount* to the count of *key* and return it; a new window ends in *expiry* seconds."""
        return self.count(key, expiry, self._now(), amount)

    def count(self, key: str, window: float, now: float, amount: int = 1) -> int:
        """Do the same at *now*, which the caller has read already."""
        with self._lock:
            entry = self._windows.get(key)
            # A clock that was put back must not lengthen a window.
            if entry is not None and now < entry[1] <= now + window:
                entry[0] += amount
                return int(entry[0])
            self._windows.pop(key, None)
            self._windows[key] = [amount, now + window]
            if len(self._windows) > self._max_keys:
                self._windows.popitem(last=False)
        return amount

    def get(self, key: str) -> int:
        """Return the count of *key* in its current window."""
        entry = self._windows.get(key)
        return int(entry[0]) if entry is not None and self._now() < entry[1] else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window of *key* ends, in seconds since 1970."""
        entry = self._windows.get(key)
        return self._now() if entry is None else entry[1]

    def check(self) -> bool:
        """Return True: memory is always there."""
        return True

    def reset(self) -> int | None:
        """Forget everything; return the number of keys forgotten."""
        with self._lock:
            forgotten = len(self._windows)
            self._windows.clear()
        return forgotten

    def clear(self, key: str) -> None:
        """Forget *key*."""
        with self._lock:
            self._windows.pop(key, None)

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what this storage may raise: nothing of its own."""
        return ValueError
