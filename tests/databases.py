"""Databases for tests: one of each dialect per process, emptied between tests, and fresh ones where needed.

A database for each test would also need an engine for each test, which has to compile every statement again.
Tests that copy, migrate, promote or replace a database use `fresh_postgres_url` or `empty_database_url`.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from alembic import command
from sqlalchemy import Engine, create_engine, inspect, make_url, text
from sqlalchemy.orm import Session, sessionmaker

from backend.database.core import Model, Sessions, engine_options, prepare
from backend.feed.models import FeedHead
from backend.feed.positions import ensure_head
from backend.migrations.upgrade import _config

Fill = Callable[[Engine], None]
"""Fills an empty database."""

MANY_ROWS = 1_000
"""A table that had more rows is also truncated, because dead rows would slow the following tests."""

_SESSIONS_LEFT_BEHIND = """
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
AND (state <> 'idle' OR pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory'))
"""

_RESET_SEQUENCES = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
WHERE last_value IS NOT NULL
"""

_shared: dict[str, Engine] = {}
"""The engine of each shared database of this process, by URL."""


class SharedDatabase:
    """A database with our tables that the tests of one process use one after the other."""

    def __init__(self, url: str) -> None:
        self.url = url
        make_tables(url)
        self.engine = create_engine(url, **engine_options(url))
        prepare(self.engine)
        _shared[url] = self.engine
        self.tables = [f'"{table.name}"' for table in reversed(Model.metadata.sorted_tables)]

    def empty(self) -> None:
        """Delete all rows, and close the sessions that an earlier test has left open."""
        if self.engine.dialect.name == "sqlite":
            self._empty_sqlite()
        else:
            self._empty_postgres()

    def close(self) -> None:
        """Close all connections."""
        del _shared[self.url]
        self.engine.dispose()

    def _empty_sqlite(self) -> None:
        # A connection of the pool may be in the middle of a transaction; none is needed between tests.
        self.engine.dispose()
        with closing(
            sqlite3.connect(str(self.engine.url.database), timeout=60, isolation_level=None)
        ) as connection:
            connection.execute("PRAGMA foreign_keys=OFF")
            connection.execute("BEGIN IMMEDIATE")
            for table in self.tables:
                connection.execute(f"DELETE FROM {table}")
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
                connection.execute("DELETE FROM sqlite_sequence")
            connection.execute("COMMIT")

    def _empty_postgres(self) -> None:
        pooled = self.engine.raw_connection()
        try:
            connection: psycopg.Connection[Any] = pooled.driver_connection
            left_behind = connection.execute(_SESSIONS_LEFT_BEHIND).fetchall()
            with connection.pipeline():
                deleted = [(table, connection.execute(f"DELETE FROM {table}")) for table in self.tables]
            large = [table for table, cursor in deleted if cursor.rowcount > MANY_ROWS]
            if large:
                connection.execute(f"TRUNCATE {', '.join(large)} CASCADE")
            connection.execute(_RESET_SEQUENCES)
            connection.commit()
        finally:
            pooled.close()
        if left_behind:
            self.engine.dispose()


def make_tables(url: str) -> None:
    """Create every table in the database at *url*, as of the newest revision, and close the connections."""
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
    Model.metadata.create_all(engine)
    with engine.begin() as connection:
        command.stamp(_config(connection), "head")
    engine.dispose()


def copied(url: str, fill: Fill) -> bool:
    """Make the SQLite database at *url* a copy of one that *fill* has filled; False if it is none or exists.

    Making tables and rows takes as long as a small test. *fill* is called once in a process.
    """
    address = make_url(url)
    path = Path(address.database or "")
    if address.get_backend_name() != "sqlite" or not address.database or path.exists():
        return False
    path.write_bytes(_filled(fill))
    return True


@cache
def _filled(fill: Fill) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "filled.sqlite"
        engine = create_engine(f"sqlite:///{file}", **engine_options("sqlite://"))
        prepare(engine)
        fill(engine)
        engine.dispose()
        return file.read_bytes()


def _make_tables(engine: Engine) -> None:
    Model.metadata.create_all(engine)


def engine_of(sessions: Sessions) -> Engine:
    """Return the engine on which *sessions* are made."""
    with sessions() as session:
        return session.get_bind().engine


def waiting_behind(session: Session) -> int:
    """Return how many other sessions wait for a lock that *session* holds (PostgreSQL).

    Not how many wait in all: the tests of other processes use the same server.
    """
    waits = text(
        "SELECT count(DISTINCT pid) FROM pg_locks"
        " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    return int(session.execute(waits).scalar_one())


def prepared(url: str) -> Sessions:
    """Return sessions on the database at *url*; create the feed's head, and the tables if they are missing.

    A shared database keeps its engine.
    """
    engine = _shared.get(url)
    if engine is None:
        copied(url, _make_tables)
        engine = create_engine(url, **engine_options(url))
        prepare(engine)
        if not inspect(engine).has_table(FeedHead.__tablename__):
            Model.metadata.create_all(engine)
    maker = sessionmaker(engine, expire_on_commit=False)
    with maker() as session, session.begin():
        ensure_head(session)
    return maker
