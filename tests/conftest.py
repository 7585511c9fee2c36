"""Fixtures for all tests: a database of either kind, a clock, settings, real servers."""

import datetime as dt
import logging
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from backend import logs
from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.migrations.tables import import_tables
from backend.settings import ERP_PREFIX, PREFIX, Settings, read_settings
from backend.settings.declaration import declared_settings, variable
from tests.databases import SharedDatabase, make_tables, prepared
from tests.examples import register_profiles

import_tables()

register_profiles()

# Remove the settings of the caller's environment, such as make's port; SATCHEL_CHROMIUM and the like stay.
setting_names = {variable(PREFIX, setting.name) for setting in declared_settings(Settings)}
for name in [name for name in os.environ if name in setting_names or name.startswith(ERP_PREFIX)]:
    del os.environ[name]

pytest_plugins = ["tests.services.fixtures", "tests.xdist_scheduler"]

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
"""The name of this test process among those that share the tests."""

MEMORY = Path("/dev/shm")
LEAST_FREE = 2 << 30
"""Bytes. Containers often have much less of it, and then the tests use the disk."""


def _keep_files_in_memory() -> None:
    """Put pytest's temporary folders in memory if there is room, because a thousand tests wait for fsync."""
    if "PYTEST_DEBUG_TEMPROOT" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return
    if shutil.disk_usage(MEMORY).free > LEAST_FREE:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(MEMORY)


_keep_files_in_memory()

MONDAY = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


_LEVEL = logging.getLogger().level


def _reset_levels() -> None:
    """Undo what `logs.configure` sets, and no more: SQLAlchemy needs the level that it sets when imported."""
    logging.getLogger().setLevel(_LEVEL)
    for name in (*logs.LIMITED_LOGGERS, logs.REQUEST_LOGGER):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture(autouse=True)
def default_logs() -> Iterator[None]:
    """Undo a command's changes of the logging configuration: outside the tests it has a process of its own.

    Before a test too, because a fixture of a module may have run a command.
    """
    handlers = logging.getLogger().handlers[:]
    _reset_levels()
    yield
    _reset_levels()
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if handler in handlers]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that is stopped at a Monday morning."""
    return ManualClock(MONDAY)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="run the tests marked `full`, every database test on SQLite and on PostgreSQL, and more examples",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Draw more examples with `--full`, unless the command line names a profile of Hypothesis."""
    if config.getoption("full") and not config.getoption("--hypothesis-profile"):
        hypothesis.settings.load_profile("full")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests marked `full` unless `--full` is given; pytest reports how many."""
    if not config.getoption("full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        items[:] = [item for item in items if not item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a database test on PostgreSQL, and on SQLite too if it is marked `both_dialects` or with `--full`."""
    named = {str(mark.args[0]) for mark in metafunc.definition.iter_markers("parametrize")}
    both = metafunc.config.getoption("full") or metafunc.definition.get_closest_marker("both_dialects")
    for fixture in sorted(({"database_url", "empty_database_url"} & {*metafunc.fixturenames}) - named):
        metafunc.parametrize(fixture, ["sqlite", "postgresql"] if both else ["postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Any) -> str:
    """A database with our tables: copying it is faster than creating them for every test."""
    name = f"tables_{WORKER}"
    make_tables(postgres_server.create_database(name))
    return name


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: Any) -> Iterator[SharedDatabase]:
    """The PostgreSQL database that the tests of this process share."""
    name = f"shared_{WORKER}"
    database = SharedDatabase(postgres_server.create_database(name))
    yield database
    database.close()
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def shared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedDatabase]:
    """The SQLite database that the tests of this process share."""
    database = SharedDatabase(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'shared.sqlite'}")
    yield database
    database.close()


def _name(request: pytest.FixtureRequest) -> str:
    return "t" + sha256(request.node.nodeid.encode()).hexdigest()[:20]


@pytest.fixture
def postgres_url(shared_postgres: SharedDatabase) -> str:
    """The shared PostgreSQL database, emptied."""
    shared_postgres.empty()
    return shared_postgres.url


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """A shared database, emptied, of the dialect that is the parameter."""
    database: SharedDatabase = request.getfixturevalue(
        "shared_sqlite" if request.param == "sqlite" else "shared_postgres"
    )
    database.empty()
    return database.url


@pytest.fixture
def fresh_postgres_url(
    request: pytest.FixtureRequest, postgres_server: Any, postgres_template: str
) -> Iterator[str]:
    """A PostgreSQL database of the test's own with our tables, for tests that do more than write rows."""
    yield postgres_server.create_database(_name(request), postgres_template)
    postgres_server.drop_database(_name(request))


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables, of the dialect that is the parameter."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'satchel.sqlite'}"
        return
    server = request.getfixturevalue("postgres_server")
    yield server.create_database(_name(request))
    server.drop_database(_name(request))


@pytest.fixture
def sessions(database_url: str) -> Sessions:
    """Sessions on a shared database, emptied."""
    return prepared(database_url)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings on the test's own folder and database."""
    return read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_DATABASE_URL": database_url})
