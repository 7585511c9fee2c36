"""What every test may ask for: a fresh database of either kind, a clock, settings, real servers."""

import datetime as dt
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from backend.clock import ManualClock
from backend.db import Model, Sessions, engine_options, prepare
from backend.feed.positions import ensure_head
from backend.migrations.tables import import_tables
from backend.settings import Settings, read_settings

import_tables()

pytest_plugins = ["tests.services.fixtures"]

MONDAY = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at a Monday morning."""
    return ManualClock(MONDAY)


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres_server: Any) -> Iterator[str]:
    """A fresh database on the session's PostgreSQL."""
    name = "t" + sha256(request.node.nodeid.encode()).hexdigest()[:20]
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'satchel.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))


def prepared(url: str) -> Sessions:
    """Return sessions on the database at *url* after giving it tables and the feed's head."""
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
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
