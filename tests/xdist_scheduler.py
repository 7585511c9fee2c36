"""Distributes tests to processes: the tests of a file stay together, and the longest files start first.

Tests of a file share servers that are slow to start, above all Tryton. A long file that starts late would still
run while the other processes are idle.
"""

from pathlib import PurePath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = "tests/browser"
"""The folder whose files stay together: they share a browser, a server and a phone that is enrolled."""

LONGEST = (
    # On a new machine the first file that uses Tryton builds its template; the others start after that.
    "tests/contract/connectors/test_tryton.py",
    "tests/browser/chaos/test_chaos.py",
    "tests/browser/test_documents.py",
    "tests/browser/test_day.py",
    "tests/browser/test_updates.py",
    "tests/browser/test_capture.py",
    "tests/browser/test_look_up.py",
    "tests/browser/test_keyboard.py",
    "tests/browser/test_shell.py",
    "tests/browser/test_declared.py",
    "tests/browser/test_settings.py",
    "tests/browser/test_reset.py",
    "tests/system/scenarios/test_journey_tryton.py",
    "tests/system/chaos/test_rig.py",
    "tests/unit/metrics/test_processes.py",
    "tests/unit/delivery/test_doorbell.py",
    "tests/browser/device/test_conformance.py",
    "tests/unit/delivery/test_power_cuts.py",
    "tests/contract/conformance/test_device_kit.py",
    "tests/unit/connectors/tryton/test_orders.py",
    "tests/unit/watchdog/test_dead_worker.py",
    "tests/unit/connectors/tryton/reads/test_changes.py",
    "tests/unit/api/test_read_routing.py",
    "tests/unit/web_server/test_slow_clients.py",
    "tests/unit/delivery/reconciliation/test_erp_put_back.py",
    "tests/unit/test_flat_memory.py",
    "tests/browser/device/test_histories.py",
    "tests/system/scenarios/test_journey_flatfile.py",
    "tests/services/test_services.py",
    "tests/unit/delivery/test_worker.py",
    "tests/system/scenarios/test_slow_clients.py",
    "tests/unit/api/test_outages.py",
    "tests/unit/ingest/test_tryton_missed.py",
    "tests/stateful/histories/test_12_promotion.py",
    "tests/architecture/test_vocabulary.py",
    "tests/unit/delivery/test_outage.py",
    "tests/unit/web_server/test_restarts.py",
    "tests/contract/corpus/test_replay.py",
    "tests/unit/api/test_stopped_postgres.py",
    "tests/unit/sync/segments/test_power_cuts.py",
    "tests/unit/sync/test_bounded_push.py",
    "tests/stateful/histories/test_horizon_in_days.py",
    "tests/stateful/histories/test_commit_order.py",
)
"""Files that take longer than their number of tests suggests, in the order in which they start."""


class ByFile(LoadScopeScheduling):
    """Assigns whole files to a process, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return TOGETHER if str(PurePath(file).parent) == TOGETHER else file


def file_of(nodeid: str) -> str:
    """Return the path of the test's file."""
    return nodeid.partition("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first, then those with the most tests, where several processes share the tests."""
    if not hasattr(config, "workerinput"):
        return
    tests: dict[str, int] = {}
    for item in items:
        tests[file_of(item.nodeid)] = tests.get(file_of(item.nodeid), 0) + 1
    rank = {file: n for n, file in enumerate(LONGEST)}
    items.sort(
        key=lambda item: (
            rank.get(file_of(item.nodeid), len(rank)),
            -tests[file_of(item.nodeid)],
            file_of(item.nodeid),
        )
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Distribute the tests with `ByFile`."""
    config.option.loadscopereorder = False
    return ByFile(config, log)
