"""A real worker in a process of its own whose clock runs fast: a day passes in minutes.

The worker's threads, pauses and connections are the product's. Only the clock and the pauses between rounds are
shorter, so a leak per round, per document or per hour shows as in a real day.
"""

import datetime as dt
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from backend import jobs, logs, worker
from backend.connectors.flatfile import adapter
from backend.settings import read_settings

SHORTEST_WAIT = 0.004
"""Seconds; a shorter pause would only measure how fast threads switch."""


SAMPLE_SECONDS = 300.0
"""Between two samples, on the fast clock."""


class FastClock:
    """A clock that showed *start* when the system's clock showed *began* (seconds), and runs *factor* times as
    fast. Several processes can share one."""

    def __init__(self, start: dt.datetime, began: float, factor: float) -> None:
        self.start, self.began, self.factor = start, began, factor

    def now(self) -> dt.datetime:
        """Return the current time of this clock."""
        return self.start + dt.timedelta(hours=self.hours())

    def hours(self) -> float:
        """Return the hours since the start."""
        return (time.time() - self.began) * self.factor / 3600


class FastStop(threading.Event):
    """A worker's stop event whose waits are shorter by *factor*; counts the waits of each thread."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor
        self.waits: Counter[str] = Counter()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the shortened *timeout*."""
        self.waits[threading.current_thread().name] += 1
        return super().wait(None if timeout is None else max(timeout / self.factor, SHORTEST_WAIT))


class Sample(NamedTuple):
    """The memory of the worker at one moment: *blocks* are Python's allocated ones, garbage included."""

    hours: float
    resident: int
    blocks: int


class Report(NamedTuple):
    """What a worker says at its end: its memory over time, and the waits of each thread."""

    samples: list[Sample]
    waits: dict[str, int]


def command(clock: FastClock, report: Path) -> list[str]:
    """Return the command line of a worker on *clock*, which writes a *report* at its end."""
    shown = [clock.start.isoformat(), repr(clock.began), repr(clock.factor)]
    return [sys.executable, "-m", __name__, *shown, str(report)]


def read_report(report: Path) -> Report:
    """Read the file that the worker wrote."""
    samples, waits = json.loads(report.read_text())
    return Report([Sample(*each) for each in samples], waits)


def _sample_memory(clock: FastClock, samples: list[Sample]) -> None:
    while True:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        samples.append(Sample(clock.hours(), pages * os.sysconf("SC_PAGE_SIZE"), sys.getallocatedblocks()))
        time.sleep(SAMPLE_SECONDS / clock.factor)


def main(start: str, began: str, factor: str, report: str) -> None:
    """Run the worker until SIGTERM."""
    clock = FastClock(dt.datetime.fromisoformat(start), float(began), float(factor))
    for module in (worker, jobs, adapter):
        vars(module)["SystemClock"] = lambda: clock
    stop, samples = FastStop(clock.factor), list[Sample]()
    threading.Thread(target=_sample_memory, args=(clock, samples), daemon=True).start()
    logs.configure()
    worker.run(read_settings(os.environ), stop=stop)
    Path(report).write_text(json.dumps([samples, stop.waits]))


if __name__ == "__main__":
    main(*sys.argv[1:])
