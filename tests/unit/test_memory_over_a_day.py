"""The resident memory of a real worker is flat over a day of ordinary load.

The worker is a process with all its threads, a real database and the flat-file connector, on a clock that runs
fast (`fast_worker.py`). The day has two orders every five minutes, one of which the ERP refuses, an export and
acknowledgements of the sample ERP every half hour, and every duty's own pauses. `test_flat_memory.py` finds the
line that leaks; this test finds what Python's own allocator does not see.
"""

import os
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.inbox.models import Submission
from backend.sample_erp import run
from backend.settings import Settings
from tests.services.process import ServerProcess
from tests.unit.connectors.flatfile.conftest import small_company as small_company
from tests.unit.delivery.inbox_fixture import ORDER, InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.delivery.workers import ROOT
from tests.unit.fast_worker import FastClock, Sample, command, read_report

FACTOR = 288.0
"""A day in five minutes."""
A_DAY, WARM_UP = 24.0, 6.0
"""Hours. In the warm-up, caches fill: of statements, of the database's pages, of the last names read."""
STEP_SECONDS = 300.0
"""Between two steps of the load, on the fast clock."""
ERP_EVERY = 6
"""Steps between two rounds of the sample ERP."""
WINDOW = 3.0
"""Hours at the end of the warm-up and of the day, whose least values are compared: between reads of the ERP."""
GROWTH = 12 << 20
"""Bytes that may become resident after the warm-up: what fragmentation of the allocators costs in a day."""
BLOCKS = 5_000
"""Blocks of Python that may stay after the warm-up, of about 490,000."""


def order(customer: int, product: str) -> dict[str, object]:
    line: dict[str, object] = {**ORDER["lines"][0], "product_id": product, "unit": "piece"}
    return {**ORDER, "customer_id": f"C{customer:04}", "lines": [line]}


def play_a_day(inbox: InboxFixture, folder: Path, clock: FastClock) -> None:
    """Give the worker a day's load."""
    for step in range(1, int(A_DAY * 3600 / STEP_SECONDS) + 1):
        inbox.capture(order(1 + step % 45, "P0001"))
        inbox.capture(order(1 + step % 45, "no such product"))
        if step % ERP_EVERY == 0:
            run(folder, once=True, clock=clock)
        due = clock.began + step * STEP_SECONDS / clock.factor
        time.sleep(max(0.0, due - time.time()))


def least(samples: list[Sample], until: float) -> Sample:
    """Return the least values of the window that ends at the hour *until*."""
    window = [sample for sample in samples if until - WINDOW < sample.hours <= until]
    assert len(window) > 10, "the machine was too slow to sample the worker"
    return Sample(until, min(each.resident for each in window), min(each.blocks for each in window))


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_resident_memory_of_a_worker_is_flat_over_a_day(
    sessions: Sessions,
    settings: Settings,
    tmp_path: Path,
    small_company: Path,
) -> None:
    folder = tmp_path / "erp"
    shutil.copytree(small_company, folder)
    clock = FastClock(SystemClock().now(), time.time(), FACTOR)
    inbox = InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "unused"))
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SATCHEL_")},
        "PYTHONPATH": str(ROOT),
        "SATCHEL_FOLDER": str(settings.folder),
        "SATCHEL_DATABASE_URL": settings.database_url,
        "SATCHEL_ERP_FOLDER": str(folder),
        # A second of the machine is almost five minutes of this clock.
        "SATCHEL_LEASE_SECONDS": "3600",
    }
    report = tmp_path / "report.json"
    worker = ServerProcess(command(clock, report), tmp_path / "worker.log", env=environ)
    try:
        play_a_day(inbox, folder, clock)
    finally:
        worker.stop(seconds=60)
    samples, waits = read_report(report)
    warm, end = least(samples, WARM_UP), least(samples, A_DAY)
    figures = f"{warm} {end}, largest {max(each.resident for each in samples):,} bytes, rounds {waits}"
    print(figures)
    with sessions() as session:
        states = Counter(session.scalars(select(Submission.state)))
    assert states["accepted"] >= 250, f"the load was not what it should be: {states}"
    assert waits["forward-1"] > 1_000, f"too few rounds: {waits}"
    assert end.resident - warm.resident < GROWTH, figures
    assert end.blocks - warm.blocks < BLOCKS, figures
