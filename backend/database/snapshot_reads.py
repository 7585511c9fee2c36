"""Looking: one statement that only reads and is a snapshot of its own, with nothing sent before or after it.

On PostgreSQL it goes to the driver as text, on a connection of the pool that commits by itself meanwhile.
SQLAlchemy's own connection, transaction and result cost an idle poll more than its answer.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol

from psycopg.rows import namedtuple_row
from sqlalchemy import Dialect, Engine, Select
from sqlalchemy.exc import DBAPIError


class ReadConnection(Protocol):
    """What a look needs of a connection; SQLAlchemy's own is one."""

    def execute(self, statement: Any, parameters: Any) -> Any:
        """Run *statement* and return its result, which has `all()` and `one_or_none()`."""


@contextmanager
def read_connection(engine: Engine) -> Iterator[ReadConnection]:
    """Yield what runs statements that only read, each a snapshot of its own; raises `DBAPIError` as ever."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            yield connection.execution_options(satchel_snapshot=True)
        return
    pooled = engine.raw_connection()
    bare: Any = pooled.driver_connection
    try:
        bare.autocommit = True
        yield _PsycopgConnection(engine, bare)
    finally:
        try:
            # Nobody may find it so: a transaction would be none.
            bare.autocommit = False
        except engine.dialect.loaded_dbapi.Error as error:
            pooled.invalidate(error)
        pooled.close()


class _Rows(list[Any]):
    """Rows, by the names of a result."""

    def all(self) -> list[Any]:
        return self

    def one_or_none(self) -> Any:
        return self[0] if self else None


class _PsycopgConnection:
    """A connection of psycopg's."""

    def __init__(self, engine: Engine, connection: Any) -> None:
        self._engine, self._connection = engine, connection

    def execute(self, statement: Select[Any], parameters: Mapping[str, Any]) -> _Rows:
        text, fixed = _text(statement, self._engine.dialect)
        asked = {**fixed, **parameters}
        # Whoever listens to the engine's statements hears these as well.
        for hear in self._engine.dispatch.before_cursor_execute:
            hear(None, None, text, asked, None, False)
        try:
            cursor = self._connection.cursor(row_factory=namedtuple_row)
            return _Rows(cursor.execute(text, asked).fetchall())
        except self._engine.dialect.loaded_dbapi.Error as error:
            base = self._engine.dialect.loaded_dbapi.Error
            raise DBAPIError.instance(text, asked, error, base, dialect=self._engine.dialect) from error


@cache
def _text(statement: Select[Any], dialect: Dialect) -> tuple[str, Mapping[str, Any]]:
    compiled = statement.compile(dialect=dialect)
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}
