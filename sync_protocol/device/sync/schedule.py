"""When to sync next: full jitter that grows with each failure, and never sooner than the server allows.

Full jitter (a uniform draw from zero to the bound) spreads a fleet of devices that lost its server at the same
moment. Source: AWS Architecture Blog, "Exponential Backoff And Jitter".
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sync_protocol.device.sync.report import SyncReport


@dataclass
class Backoff:
    """Count failures in a row and return the seconds to wait."""

    base: float = 2.0
    cap: float = 900.0
    draw: Callable[[], float] = field(default=random.random)
    """Returns a random number from 0 to 1."""
    failures: int = 0

    def after_failure(self, retry_after: int | None = None) -> float:
        """Count one failure and return the seconds to wait, at least *retry_after*, the Retry-After."""
        bound = min(self.cap, self.base * 2.0 ** min(self.failures, 30))
        self.failures += 1
        jitter = self.draw() * bound
        return jitter if retry_after is None else retry_after + min(jitter, max(1.0, retry_after / 2))

    def after_success(self, poll_after: int) -> float:
        """Reset the failures and return the seconds until the next poll, up to a tenth above *poll_after*."""
        self.failures = 0
        return poll_after * (1 + self.draw() / 10)


def until_done(
    sync: Callable[[], SyncReport], backoff: Backoff, *, tries: int, sleep: Callable[[float], None]
) -> SyncReport:
    """Call *sync* until a sync is complete, and return the last report.

    Give up after *tries* calls without progress.
    """
    while True:
        report = sync()
        if report.problem is None:
            return report
        if report.pages or report.downloaded or report.results or report.receipts:
            backoff.failures = 0
        wait = backoff.after_failure(report.retry_after)
        if backoff.failures >= tries:
            return report
        sleep(wait)


def watch(
    sync: Callable[[], SyncReport], backoff: Backoff, *, sleep: Callable[[float], None]
) -> Iterator[tuple[SyncReport, float]]:
    """Call *sync* forever: yield each report with the seconds until the next call, then wait them."""
    while True:
        report = sync()
        if report.problem is None:
            wait = backoff.after_success(report.poll_after)
        else:
            wait = backoff.after_failure(report.retry_after)
        yield report, wait
        sleep(wait)
