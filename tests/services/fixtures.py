"""Session-wide servers as pytest fixtures; each starts when the first test asks for it.

Loaded by `pytest_plugins = ["tests.services.fixtures"]` in the top conftest. A test which
breaks a server, or wants it for itself, makes its own instead.
"""

from collections.abc import Iterator

import pytest

from tests.services import PostgresServer, RedisServer, TrytonServer

MAKING_SECONDS = 1200
"""What a test may take longer if it is the one that installs Tryton and fills it, or waits for who does."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give every test that wants Tryton time to make it: whoever comes first on a new machine does."""
    for item in items:
        if "tryton_server" in getattr(item, "fixturenames", ()):
            marker = item.get_closest_marker("timeout")
            seconds = float(marker.args[0] if marker else config.getini("timeout"))
            item.add_marker(pytest.mark.timeout(seconds + MAKING_SECONDS), append=False)


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
