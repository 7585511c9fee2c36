"""Read-only statements outside of a transaction: each is its own snapshot, without BEGIN and COMMIT.

On PostgreSQL the compiled text goes to the driver directly, on a pooled connection in autocommit mode.
SQLAlchemy's connection, transaction and result objects cost an idle poll more than the query.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

from psycopg.rows import namedtuple_row
from sqlalchemy import Dialect, Engine, Select
from sqlalchemy.exc import DBAPIError


class ReadConnection(Protocol):
    """What such a read needs of a connection; SQLAlchemy's `Connection` is one too."""

    def execute(self, statement: Any, parameters: Any) -> Any:
        """Execute *statement*; the result has `all()` and `one_or_none()`."""


@contextmanager
def read_connection(engine: Engine) -> Iterator[ReadConnection]:
    """Yield a connection for read-only statements, each its own snapshot; they raise `DBAPIError`."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            yield connection.execution_options(satchel_snapshot=True)
        return
    pooled = engine.raw_connection()
    driver: Any = pooled.driver_connection
    try:
        driver.autocommit = True
        yield _PsycopgConnection(engine, driver)
    finally:
        try:
            # Reset before the connection returns to the pool, or the next transaction on it would silently
            # autocommit.
            driver.autocommit = False
        except engine.dialect.loaded_dbapi.Error as error:
            pooled.invalidate(error)
        pooled.close()


class _Rows(list[Any]):
    """The rows of a result, with the methods of SQLAlchemy's."""

    def all(self) -> list[Any]:
        return self

    def one_or_none(self) -> Any:
        return self[0] if self else None


class _PsycopgConnection:
    """Executes SQLAlchemy statements on a psycopg connection."""

    def __init__(self, engine: Engine, connection: Any) -> None:
        self._engine, self._connection = engine, connection

    def execute(self, statement: Select[Any], parameters: Mapping[str, Any]) -> _Rows:
        text, fixed = _text(statement, self._engine.dialect)
        values = {**fixed, **parameters}
        # Listeners of the engine (the tests that count statements) must see these statements too.
        for listener in self._engine.dispatch.before_cursor_execute:
            listener(None, None, text, values, None, False)
        try:
            cursor = self._connection.cursor(row_factory=namedtuple_row)
            return _Rows(cursor.execute(text, values).fetchall())
        except self._engine.dialect.loaded_dbapi.Error as error:
            base = self._engine.dialect.loaded_dbapi.Error
            raise DBAPIError.instance(text, values, error, base, dialect=self._engine.dialect) from error


@cache
def _text(statement: Select[Any], dialect: Dialect) -> tuple[str, Mapping[str, Any]]:
    compiled = statement.compile(dialect=dialect)
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}
