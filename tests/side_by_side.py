"""Who runs which test when `make test` runs them side by side: a file's tests stay together."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TRYTON = "tryton_server"
"""The fixture whose tests stay in one process: each Tryton costs a process minutes to start and much memory."""


class ByFile(LoadScopeScheduling):
    """Gives a process whole files; those that want Tryton are one lot, and all begin with the largest."""

    def _split_scope(self, nodeid: str) -> str:
        return _lot(nodeid.partition("::")[0])


@cache
def _lot(file: str) -> str:
    source = (Path(__file__).parents[1] / file).read_text()
    return TRYTON if TRYTON in source else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Hand the tests out by `ByFile`."""
    return ByFile(config, log)
