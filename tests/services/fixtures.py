"""Session-wide servers as pytest fixtures.

Loaded by `pytest_plugins = ["tests.services.fixtures"]` in the top conftest. A test which
breaks a server, or wants it for itself, makes its own instead.

Processes that share the tests also share one PostgreSQL, which xdist's controller starts: each process has
databases of its own there, and Tryton's template is restored once. Redis has no such division, and starts in
a tenth of a second: each process has its own.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services import PostgresServer, RedisServer, TrytonServer

MAKING_SECONDS = 1200
"""Extra seconds for a test that may install Tryton and fill it, or wait for the test that does."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Raise the timeout of every test that uses Tryton: on a new machine the first of them builds it."""
    for item in items:
        if "tryton_server" in getattr(item, "fixturenames", ()):
            marker = item.get_closest_marker("timeout")
            seconds = float(marker.args[0] if marker else config.getini("timeout"))
            item.add_marker(pytest.mark.timeout(seconds + MAKING_SECONDS), append=False)


_OF_ALL = pytest.StashKey[PostgresServer]()
"""Holds the PostgreSQL that xdist's controller has started."""


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start PostgreSQL before the first test process, and pass its address to each."""
    if _OF_ALL not in node.config.stash:
        folder = Path(tempfile.mkdtemp(prefix="satchel-tests-"))
        node.config.stash[_OF_ALL] = PostgresServer(folder / "postgres").start()
    server = node.config.stash[_OF_ALL]
    node.workerinput["postgres"] = {"folder": str(server.folder), "port": server.port, "pid": server.pid}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the PostgreSQL of all test processes."""
    if server := config.stash.get(_OF_ALL, None):
        server.remove()
        server.folder.parent.rmdir()


@pytest.fixture(scope="session")
def postgres_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresServer]:
    """PostgreSQL without fsync, shared by all processes that run tests; names of databases must be unique."""
    if server := getattr(request.config, "workerinput", {}).get("postgres"):
        yield PostgresServer.of_another_process(Path(server["folder"]), server["port"], server["pid"])
        return
    server = PostgresServer(tmp_path_factory.mktemp("postgres")).start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Redis with an append-only file."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def tryton_server(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrytonServer]:
    """Tryton with the sample company, not started: `fresh` starts one with a database of its own."""
    database = f"tryton_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    server = TrytonServer(postgres_server, tmp_path_factory.mktemp("tryton"), database).prepare()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def running_tryton(tryton_server: TrytonServer) -> TrytonServer:
    """Tryton with the sample company, in a database which the tests of this process share."""
    return tryton_server.start()
