"""Which process runs which tests: the tests of a file stay together, and the longest files go first.

Tests of a file share what is costly to start, a Tryton above all. A long file that begins late would run
while the other processes have nothing left to do.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    "tests/system/chaos/test_rig.py",
    "tests/system/scenarios/test_journey_tryton.py",
)
"""Files that take longer than their number of tests tells, the longest first."""


class ByFile(LoadScopeScheduling):
    """Gives whole files to a process, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return file_of(nodeid)


def file_of(nodeid: str) -> str:
    """Return the path of the file in which the test is."""
    return nodeid.partition("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first, then those with the most tests, where several processes share the tests."""
    if not hasattr(config, "workerinput"):
        return
    tests: dict[str, int] = {}
    for item in items:
        tests[file_of(item.nodeid)] = tests.get(file_of(item.nodeid), 0) + 1
    place = {file: n for n, file in enumerate(LONGEST)}
    items.sort(
        key=lambda item: (
            place.get(file_of(item.nodeid), len(place)),
            -tests[file_of(item.nodeid)],
            file_of(item.nodeid),
        )
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Hand the tests out by `ByFile`."""
    config.option.loadscopereorder = False
    return ByFile(config, log)
