"""What a first sync, a repair and a new epoch cost among 100,000 rows. Run by hand, for it takes minutes:

pytest -s tests/unit/device/measure_repair.py
"""

import time

import pytest

from backend.clock import ManualClock
from backend.db import Sessions
from backend.feed import positions
from backend.settings import Settings
from sync_protocol.device.device import Device
from tests.unit.device.test_real_verify import ROWS, Counter, built, device, line, spoil
from tests.unit.sync.segments.company import customers

__all__ = ["device", "line"]
ALL = 100_000


@pytest.mark.bench
def test_among_a_hundred_thousand(
    device: Device,
    sessions: Sessions,
    line: Counter,
    clock: ManualClock,
    settings: Settings,
) -> None:
    customers(sessions, ROWS, ALL)
    clock.advance(hours=1)
    built(sessions, clock, settings)
    clock.advance(minutes=10)
    began, cpu = time.perf_counter(), time.process_time()
    report = device.sync()
    assert report.verified and report.put >= ALL
    print(
        f"\nfirst sync: {report.put:,} rows in {report.segments} segments, {report.received:,} bytes,"
        f" {time.perf_counter() - began:.1f} s ({time.process_time() - cpu:.1f} s CPU, server included)"
    )
    spoil(device)
    line.seen.clear()
    report = device.sync()
    assert report.verified and (report.repaired, report.removed) == (2, 1)
    questions = line.seen.count("POST /v1/verify")
    assert questions <= 4 and report.sent < 4_000 and report.received < 12_000
    print(f"repair: {questions} questions, {report.sent:,} bytes sent, {report.received:,} received")
    with sessions() as session, session.begin():
        positions.new_epoch(session)
    report = device.sync()
    assert report.rebased and report.verified and report.received < 4_000
    print(f"new epoch: {report.received:,} bytes received, {report.put} rows")
