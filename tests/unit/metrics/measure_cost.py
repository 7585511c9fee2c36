"""What counting costs an idle poll and a push, in CPU. Run by hand, on a quiet machine:

pytest -s tests/unit/metrics/measure_cost.py

It times what a request adds, alone and into mapped files, and the requests themselves, in this process.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backend import metrics
from backend.clock import ManualClock
from backend.metrics import files
from backend.settings import Settings
from backend.sync.page import etag_of
from tests.unit.api.installation import install
from tests.unit.sync.company import order_body, submission

DOCUMENTS = 50


def cpu(request: Callable[[int], object], times: int) -> float:
    """Return the CPU of one *request*, in microseconds; the best of five rounds."""
    best = float("inf")
    for round in range(5):
        started = time.process_time()
        for n in range(round * times, (round + 1) * times):
            request(n)
        best = min(best, (time.process_time() - started) / times * 1e6)
    return best


def count_idle(n: int) -> None:
    metrics.PAGES.labels("unchanged").inc()
    metrics.count_request("GET", "/v1/pull", 304, None, 0.001)


RESULTS: list[dict[str, object]] = [{"status": "received"}] * DOCUMENTS


def count_push(n: int) -> None:
    metrics.count_push(RESULTS, 20_000)
    metrics.count_request("POST", "/v1/push", 200, None, 0.1)


@pytest.mark.bench
def test_counting_costs_little(settings: Settings, clock: ManualClock, tmp_path: Path) -> None:
    files.join(tmp_path)
    idle_count, push_count = cpu(count_idle, 20_000), cpu(count_push, 2_000)
    with install(settings, clock) as installation:
        phone = installation.phone()
        cursor = phone.pull().json["cursor"]
        headers = {"If-None-Match": f'W/"{etag_of(cursor)}"'}
        idle = cpu(lambda n: phone.pull(cursor, headers=headers), 400)

        def push(n: int) -> None:
            documents = [submission(f"01KBR9Z8Q5T00{n:06}{m:07}", order_body()) for m in range(DOCUMENTS)]
            assert phone.push(*documents).status_code == 200

        pushed = cpu(push, 4)
    for name, counting, request in (("idle poll", idle_count, idle), ("push of 50", push_count, pushed)):
        print(
            f"\n{'sqlite' if settings.embedded else 'postgresql'}, {name}: {counting:.1f} µs of"
            f" {request:,.0f} µs, {counting / request:.2%}"
        )
        assert counting < request * 0.05
