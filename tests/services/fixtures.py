"""Session-wide servers as pytest fixtures; each starts when the first test asks for it.

Loaded by `pytest_plugins = ["tests.services.fixtures"]` in the top conftest. A test which
breaks a server, or wants it for itself, makes its own instead.
"""

from collections.abc import Iterator

import pytest

from tests.services import PostgresServer, RedisServer, TrytonServer


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """PostgreSQL without fsync; give each test a database of its own."""
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
    """Tryton with the sample company, in a database which all tests share; `fresh` for an own one."""
    with TrytonServer(postgres_server, tmp_path_factory.mktemp("tryton"), "shared") as server:
        yield server
