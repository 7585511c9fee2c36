"""Fixtures of the machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stateful.search.conditions import MakeServer, postgres_servers, small, sqlite_servers


@pytest.fixture(autouse=True)
def small_limits() -> Iterator[None]:
    with small():
        yield


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[MakeServer]:
    """Makes the server on SQLite, emptied."""
    with sqlite_servers(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def on_postgresql(postgres_server: Any) -> Iterator[MakeServer]:
    """Makes the server on PostgreSQL, emptied; two new databases for each test would take most of the time."""
    with postgres_servers(postgres_server) as make:
        yield make
