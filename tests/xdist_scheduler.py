"""Who runs which test when `make test` runs them side by side: a file's tests stay together."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TRYTON = "tryton_server"
"""The fixture whose tests stay together folder by folder: each Tryton costs a process time and memory."""


class ByFile(LoadScopeScheduling):
    """Gives a process whole files; of a folder, those that want Tryton are one lot. The largest go first."""

    def _split_scope(self, nodeid: str) -> str:
        return _lot(nodeid.partition("::")[0])


@cache
def _lot(file: str) -> str:
    path = Path(__file__).parents[1] / file
    return f"{TRYTON} {path.parent}" if TRYTON in path.read_text() else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Hand the tests out by `ByFile`."""
    return ByFile(config, log)
