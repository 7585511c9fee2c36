"""Makes processes slower: `python -m tests.bench.phone.slow_processor RATE PID …`, until its input ends.

They run for a millisecond and are stopped for the rest of a period. Chromium can slow down the thread of a page
only; this slows down its worker as well. It is a process of its own, so that nothing delays it.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

RUNS = 0.001
"""Seconds for which they run in each period."""
STOP_SECONDS = 10


@contextmanager
def slowed(pids: Sequence[int], rate: float) -> Iterator[None]:
    """Make the processes *pids* *rate* times slower for the block."""
    command = [sys.executable, "-m", "tests.bench.phone.slow_processor", str(rate), *map(str, pids)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=Path(__file__).parents[3])
    try:
        yield
    finally:
        process.communicate(timeout=STOP_SECONDS)


def main() -> None:
    rate, pids = float(sys.argv[1]), [int(text) for text in sys.argv[2:]]
    try:
        while not select.select([sys.stdin], [], [], 0)[0]:
            _signal(pids, signal.SIGCONT)
            time.sleep(RUNS)
            _signal(pids, signal.SIGSTOP)
            time.sleep(RUNS * (rate - 1))
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


if __name__ == "__main__":
    main()
