"""What a first sync, a repair and a new epoch cost among 100,000 rows. Run by hand, for it takes minutes:

pytest -s tests/unit/device/sync/measure_repair.py
"""

import time

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import positions
from backend.settings import Settings
from sync_protocol.device.device import Device
from tests.unit.device.recording_network import RecordingNetwork
from tests.unit.device.sync.test_real_verify import ROWS, built, device, line, spoil
from tests.unit.sync.segments.company import customers

__all__ = ["device", "line"]
ALL = 100_000


@pytest.mark.bench
def test_first_sync_repair_and_new_epoch_among_100_000_rows(
    device: Device,
    sessions: Sessions,
    line: RecordingNetwork,
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
    line.request_lines.clear()
    report = device.sync()
    assert report.verified and (report.repaired, report.removed) == (2, 1)
    questions = line.request_lines.count("POST /v1/verify")
    assert questions <= 4 and report.sent < 4_000 and report.received < 12_000
    print(f"repair: {questions} questions, {report.sent:,} bytes sent, {report.received:,} received")
    with sessions() as session, session.begin():
        positions.new_epoch(session)
    report = device.sync()
    assert report.rebased and report.verified and report.received < 4_000
    print(f"new epoch: {report.received:,} bytes received, {report.put} rows")
