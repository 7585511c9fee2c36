"""When to ask again: full jitter, growing with each failure, and never sooner than the server wished.

Full jitter (a uniform draw from zero to the bound) spreads a fleet that lost its server at the same
moment. Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Counts failures in a row and says how long to wait, in seconds."""

    base: float = 2.0
    cap: float = 900.0
    draw: Callable[[], float] = field(default=random.random)
    """Gives a number from 0 to 1."""
    failures: int = 0

    def failed(self, retry_after: int | None = None) -> float:
        """Count one failure and return the seconds to wait; *retry_after* is the server's least."""
        bound = min(self.cap, self.base * 2.0 ** min(self.failures, 30))
        self.failures += 1
        jitter = self.draw() * bound
        return jitter if retry_after is None else retry_after + min(jitter, max(1.0, retry_after / 2))

    def worked(self, poll_after: int) -> float:
        """Forget the failures and return the seconds until the next poll, spread by a tenth."""
        self.failures = 0
        return poll_after * (1 + self.draw() / 10)
