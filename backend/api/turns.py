"""Turns: how many of something a process does at once, and how long one more waits.

Separate from `large_bodies`, which knows the request: the services of the process hold the turns.
"""

from threading import BoundedSemaphore

AT_ONCE = 2
"""Large bodies in one web process: more at once would not be stored sooner, and take more memory."""
WAIT_SECONDS = 2.0


class Turns:
    """At most *at_once* are taken, and *wait* is how long one is waited for."""

    def __init__(self, at_once: int = AT_ONCE, wait: float = WAIT_SECONDS) -> None:
        self._turns = BoundedSemaphore(at_once)
        self._wait = wait

    def take(self) -> bool:
        """Take a turn; False if none was free in time."""
        return self._turns.acquire(timeout=self._wait)

    def give_back(self) -> None:
        """Give back a turn that was taken."""
        self._turns.release()
