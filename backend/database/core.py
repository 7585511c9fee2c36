"""The database: engines, column types, and how a transaction begins.

A function that takes a `session` never commits: the caller that opened the transaction (an endpoint, a command,
a worker's job) commits it. A transaction begins as a writer, unless `snapshot()` is its first call.
"""

import contextlib
import datetime as dt
import json
import os
import time
from collections.abc import Callable
from typing import Any, cast

import psycopg
from sqlalchemy import (
    CursorResult,
    DateTime,
    Delete,
    Engine,
    String,
    Table,
    Text,
    TypeDecorator,
    Update,
    create_engine,
    event,
)
from sqlalchemy.engine import Connection, Dialect, ExceptionContext, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from backend.database import failures, plan_age, prepared_statements

BUSY_SECONDS = 30
"""How long a writer waits for another writer of the SQLite database."""
PING_AFTER_SECONDS = 1.0
"""A pooled connection that was unused for longer is checked before it is used."""

Sessions = Callable[[], Session]
"""Creates a session, which the caller closes: `with sessions() as session, session.begin(): …`."""


class Model(DeclarativeBase):
    """Base of every table."""


# Keys compare by bytes, in the index as in Python. The collation of a language would order them differently.
KeyText = String(128).with_variant(String(128, collation="C"), "postgresql")


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware datetime in UTC.

    SQLite stores no time zone, so it is removed on writing and added on reading.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON value stored as text, equal on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def engine_options(url: str) -> dict[str, Any]:
    """Return the keyword arguments of `create_engine`, by their keys, for *url* (SQLite or PostgreSQL)."""
    if make_url(url).get_backend_name() == "sqlite":
        return {
            "hide_parameters": True,
            "connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False},
        }
    # A writer that hangs would block all others at the feed's lock, so PostgreSQL ends it.
    timeouts = "-c idle_in_transaction_session_timeout=60s -c lock_timeout=30s -c timezone=UTC"
    return {
        # An error's text has the statement, but not the values that somebody typed.
        "hide_parameters": True,
        "pool_size": 10,
        "max_overflow": 10,
        "connect_args": {"options": timeouts, "connect_timeout": 5},
    }


def prepare(engine: Engine) -> None:
    """Add our connection and transaction handling to *engine*; call it once, before the first connection."""
    _hide_values(engine)
    if engine.dialect.name == "sqlite":
        _begin_explicitly(engine)
    else:
        _ping_idle_connections(engine)
        plan_age.renew_plans(engine)
        prepared_statements.forget_with_psycopg(engine)


def _hide_values(engine: Engine) -> None:
    """Remove from the text of each error what it quotes: rows in DETAIL, and refused values."""

    @event.listens_for(engine, "handle_error")
    def _hide(context: ExceptionContext) -> None:
        original, wrapped = context.original_exception, context.sqlalchemy_exception
        if isinstance(original, psycopg.Error):
            text = failures.first_line(original)
        elif isinstance(original, TypeError | ValueError) and not isinstance(original, UnicodeError):
            text = "a parameter is not of the type of its column"
        else:
            return
        original.args = (text,)
        if wrapped is not None:
            wrapped.args = (f"({type(original).__module__}.{type(original).__qualname__}) {text}",)


def _begin_explicitly(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        # The driver would begin transactions itself, late and deferred; `_begin` does it instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        busy = f"busy_timeout={int(BUSY_SECONDS * 1000)}"
        for pragma in (busy, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "do_connect")
    def _create(dialect: Dialect, record: Any, arguments: Any, options: Any) -> None:
        # SQLite gives its other files (WAL, shared memory, journal) the permissions of this one.
        path = engine.url.database or ""
        if path and not path.startswith((":", "file:")):
            with contextlib.suppress(OSError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that began with a read cannot write after another one has written
        # (SQLITE_BUSY_SNAPSHOT), so a writer takes the write lock at the start.
        reads_only = connection.get_execution_options().get("satchel_snapshot")
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _ping_idle_connections(engine: Engine) -> None:
    """Check that a pooled connection still works before it is used, unless it was used within a second.

    A check each time would cost an idle poll as much as its query. A connection that breaks within that second
    fails one request with `unavailable`, as one that breaks during the request does.
    """

    @event.listens_for(engine, "connect")
    @event.listens_for(engine, "checkin")
    def _used(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ping(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        if time.monotonic() - record.info.get("used", 0) < PING_AFTER_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # Makes the pool replace all its connections, and retry this checkout.
            raise InvalidatePoolError from error


def snapshot(session: Session) -> None:
    """Begin the transaction of *session* as read-only with one snapshot; it must not have begun yet."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection(execution_options={"satchel_snapshot": True})
    else:
        session.connection(
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )


def table_of(model: type[Model]) -> Table:
    """Return the table of *model*, for statements that do not load its objects."""
    return cast("Table", model.__table__)


def execute_counted(session: Session, statement: Update | Delete) -> int:
    """Execute *statement*; return how many rows it changed.

    Objects that *session* has loaded stay as they are.
    """
    result = session.execute(statement, execution_options={"synchronize_session": False})
    # What an UPDATE or a DELETE returns; SQLAlchemy declares what any statement returns.
    return cast("CursorResult[Any]", result).rowcount


def after_commit(session: Session, action: Callable[[], object]) -> None:
    """Call *action* when the transaction of *session* has been committed; after a rollback it is not called."""
    transaction = session.get_transaction() or session.begin()

    @event.listens_for(session, "after_commit")
    def _committed(session: Session) -> None:
        # Also called when a savepoint ends.
        if session.get_transaction() is transaction and not session.in_nested_transaction():
            action()


def is_postgresql(session: Session) -> bool:
    """Return whether the database of *session* is PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def make_sessions(url: str) -> Sessions:
    """Return a session factory for the database at *url*, for processes other than the web server."""
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
    return sessionmaker(engine, expire_on_commit=False)
