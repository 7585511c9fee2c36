"""Distributes tests to processes: the tests of a file stay together, and the longest files start first.

Tests of a file share servers that are slow to start, above all Tryton. A long file that starts late would still
run while the other processes are idle.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    # On a new machine the first file that uses Tryton builds its template; the others start after that.
    "tests/contract/connectors/test_tryton.py",
    "tests/unit/delivery/test_outage.py",
    "tests/unit/delivery/test_power_cuts.py",
    "tests/system/scenarios/test_journey_flatfile.py",
    "tests/unit/sync/segments/test_power_cuts.py",
    "tests/unit/sync/segments/test_packing.py",
    "tests/unit/api/test_read_routing.py",
    "tests/unit/delivery/test_doorbell.py",
    "tests/system/scenarios/test_journey_tryton.py",
    "tests/system/chaos/test_rig.py",
    "tests/unit/delivery/reconciliation/test_erp_put_back.py",
    "tests/unit/connectors/tryton/reads/test_changes.py",
    "tests/unit/ingest/test_tryton_missed.py",
    "tests/unit/connectors/tryton/test_orders.py",
    "tests/services/test_services.py",
    "tests/unit/connectors/tryton/test_expense_claims.py",
    "tests/unit/connectors/tryton/test_client.py",
    "tests/unit/connectors/tryton/test_forecasts.py",
    "tests/unit/connectors/tryton/test_refusals.py",
    "tests/unit/connectors/tryton/reads/test_set_aside.py",
    "tests/system/browser/test_custom_app.py",
    "tests/system/scenarios/test_cut_first_sync.py",
    "tests/stateful/histories/test_commit_order.py",
    "tests/stateful/histories/test_12_promotion.py",
    "tests/stateful/search/test_idle.py",
    "tests/unit/delivery/test_worker.py",
    "tests/unit/sync/segments/test_scrub.py",
    "tests/unit/sync/segments/test_sweep.py",
    "tests/query_plans/test_plans.py",
    "tests/unit/device/sync/test_model.py",
    "tests/unit/device/test_kill.py",
    "tests/stateful/search/test_databases.py",
    "tests/stateful/search/test_model.py",
    "tests/unit/api/endpoints/test_verify_cost.py",
    "tests/unit/ingest/test_memory.py",
    "tests/system/scenarios/test_node.py",
    "tests/contract/conformance/test_device_kit.py",
    "tests/unit/api/endpoints/test_segment_serving.py",
    "tests/unit/sample_erp/test_kills.py",
    "tests/unit/sync/segments/test_building.py",
)
"""Files that take longer than their number of tests suggests, in the order in which they start."""


class ByFile(LoadScopeScheduling):
    """Assigns whole files to a process, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return file_of(nodeid)


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
