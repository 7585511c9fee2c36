"""The database: the engine's manners, column types, and how a transaction begins.

Functions of the middle layers take a `session` and never commit: the edge that opened the transaction
commits it. A transaction begins as a writer unless `snapshot()` is its first act.
"""

import datetime as dt
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, String, Table, Text, TypeDecorator, create_engine, event
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

PING_AFTER_SECONDS = 1.0

Sessions = Callable[[], Session]
"""Makes a session; whoever calls it closes it: `with sessions() as session, session.begin(): …`."""


class Base(DeclarativeBase):
    """Base of every table."""


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:
    # The extension builds its own base at run time, which a type checker cannot follow.
    Model = Base
else:
    Model = db.Model

# Keys compare by their bytes, in the index and in Python alike; a language's collation would not.
KeyText = String(128).with_variant(String(128, collation="C"), "postgresql")


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware moment in UTC; SQLite keeps no zone, so it is taken off and put back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as text, the same on both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


def engine_options(url: str) -> dict[str, Any]:
    """Return the options of `create_engine` for *url* (SQLite or PostgreSQL)."""
    if make_url(url).get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": 30, "check_same_thread": False}}
    # A stuck writer would hold the feed's turn for everybody, so the server ends it.
    safety = "-c idle_in_transaction_session_timeout=60s -c lock_timeout=30s -c timezone=UTC"
    return {
        "pool_size": 10,
        "max_overflow": 10,
        "connect_args": {"options": safety, "connect_timeout": 5},
    }


def prepare(engine: Engine) -> None:
    """Give *engine* its manners; call it once, before the first connection."""
    if engine.dialect.name == "sqlite":
        _begin_by_hand(engine)
    else:
        _ping_what_lay_idle(engine)


def _begin_by_hand(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, record: Any) -> None:
        # The driver would begin transactions by itself, late and deferred; we begin them below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that began by reading cannot become one once somebody else has written
        # (SQLITE_BUSY_SNAPSHOT), so writers say so at the start.
        reading = connection.get_execution_options().get("satchel_snapshot")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _ping_what_lay_idle(engine: Engine) -> None:
    """Ask a connection whether it still lives before it is used, unless it was used a moment ago.

    Asking every time would cost an idle poll as much as its answer. What dies within that moment fails
    one request with `unavailable`, as what dies a moment later would.
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
            # The others in the pool are replaced too, and this one tried again.
            raise InvalidatePoolError from error


def snapshot(session: Session) -> None:
    """Begin *session*'s transaction as a reader of one snapshot; it must not have begun yet."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection(execution_options={"satchel_snapshot": True})
    else:
        session.connection(
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )


def table_of(model: type[Base]) -> Table:
    """Return the table of *model*, for statements that need none of its objects."""
    return cast("Table", model.__table__)


def is_postgresql(session: Session) -> bool:
    """Say whether *session* speaks to PostgreSQL."""
    return session.get_bind().dialect.name == "postgresql"


def make_sessions(url: str) -> Sessions:
    """Return a maker of sessions on the database at *url*, for processes that are not the web."""
    engine = create_engine(url, **engine_options(url))
    prepare(engine)
    return sessionmaker(engine, expire_on_commit=False)
