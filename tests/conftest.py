"""What every test may ask for: a fresh database of either kind, a clock, settings, real servers."""

import datetime as dt
import logging
import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.orm import sessionmaker

from backend.clock import ManualClock
from backend.db import Model, Sessions, engine_options, prepare
from backend.feed.models import FeedHead
from backend.feed.positions import ensure_head
from backend.migrations.tables import import_tables
from backend.settings import ERP_PREFIX, PREFIX, Settings, read_settings
from backend.settings.table import SETTINGS

import_tables()

# Settings of whoever runs the tests, make's port for one, are not the tests'; SATCHEL_CHROMIUM and such are.
known = {f"{PREFIX}{setting.name.upper()}" for setting in SETTINGS}
for name in [name for name in os.environ if name in known or name.startswith(ERP_PREFIX)]:
    del os.environ[name]

pytest_plugins = ["tests.services.fixtures", "tests.xdist_scheduler"]

MONDAY = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Undo what a command does to the logs: it is a process of its own elsewhere."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = {
        name: log.level for name, log in root.manager.loggerDict.items() if isinstance(log, logging.Logger)
    }
    yield
    root.setLevel(level)
    root.handlers[:] = [handler for handler in root.handlers if handler in handlers]
    for name, log in root.manager.loggerDict.items():
        if isinstance(log, logging.Logger):
            log.setLevel(names.get(name, logging.NOTSET))


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at a Monday morning."""
    return ManualClock(MONDAY)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Any) -> str:
    """A database with our tables: copying it is quicker than making them for every test."""
    name = "tables"
    make_tables(postgres_server.create_database(name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with our tables."""
    path = tmp_path_factory.mktemp("sqlite") / "tables.sqlite"
    make_tables(f"sqlite:///{path}")
    return path


def make_tables(url: str) -> None:
    """Give the database at *url* every table, and let go of it."""
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
    Model.metadata.create_all(engine)
    engine.dispose()


def _name(request: pytest.FixtureRequest) -> str:
    return "t" + sha256(request.node.nodeid.encode()).hexdigest()[:20]


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_server: Any, postgres_template: str) -> Iterator[str]:
    """A fresh database with our tables on the session's PostgreSQL."""
    yield postgres_server.create_database(_name(request), postgres_template)
    postgres_server.drop_database(_name(request))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'satchel.sqlite'}"
        return
    server = request.getfixturevalue("postgres_server")
    yield server.create_database(_name(request))
    server.drop_database(_name(request))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with our tables; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        path = tmp_path / "satchel.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    return str(request.getfixturevalue("postgres_url"))


def prepared(url: str) -> Sessions:
    """Return sessions on the database at *url*, with the feed's head, and tables if it has none yet."""
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
    if not inspect(engine).has_table(FeedHead.__tablename__):
        Model.metadata.create_all(engine)
    maker = sessionmaker(engine, expire_on_commit=False)
    with maker() as session, session.begin():
        ensure_head(session)
    return maker


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    """Sessions on a fresh schema, on SQLite and on PostgreSQL in turn."""
    maker = prepared(database_url)
    yield maker
    maker.kw["bind"].dispose()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings on the test's own folder and database."""
    return read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance"), "SATCHEL_DATABASE_URL": database_url})
