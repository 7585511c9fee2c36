"""Fixtures of the histories: devices, and copies of a database as a backup or a standby would be."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backend.database.core import Sessions
from tests.databases import engine_of, prepared
from tests.stateful.histories.devices import Device
from tests.stateful.phones import MinimalPhone
from tests.stateful.reference_phone import ReferencePhone

CopyDatabase = Callable[[Sessions], Sessions]


@pytest.fixture
def on_postgresql(fresh_postgres_url: str) -> Iterator[Sessions]:
    """Sessions on a fresh PostgreSQL database, for what only happens there."""
    maker = prepared(fresh_postgres_url)
    yield maker
    engine_of(maker).dispose()


@pytest.fixture
def copy_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CopyDatabase]:
    """A function that returns sessions on a copy of a database as it stands."""
    made: list[Any] = []
    dropped: list[str] = []

    def copy(sessions: Sessions) -> Sessions:
        engine: Any = engine_of(sessions)
        if engine.dialect.name == "sqlite":
            target = tmp_path / f"copy{len(made)}.sqlite"
            with closing(sqlite3.connect(engine.url.database)) as old, closing(sqlite3.connect(target)) as new:
                old.backup(new)
            url = f"sqlite:///{target}"
        else:
            engine.dispose()  # a database in use cannot be copied
            name = f"{engine.url.database}c{len(made)}"
            url = request.getfixturevalue("postgres_server").create_database(name, engine.url.database)
            dropped.append(name)
        made.append(prepared(url))
        return made[-1]

    yield copy
    for maker in made:
        engine_of(maker).dispose()
    for name in dropped:
        request.getfixturevalue("postgres_server").drop_database(name)


@pytest.fixture(params=[MinimalPhone, ReferencePhone], ids=["minimal", "reference"])
def device(request: pytest.FixtureRequest, sessions: Sessions) -> Device:
    """A device of rep R1 that has not synced yet, of each kind."""
    return Device(sessions, "R1", request.param("R1"))
