"""Read-only statements outside of a transaction: each is its own snapshot, without BEGIN and COMMIT.

On PostgreSQL the compiled text goes to the driver directly, on a connection of a pool whose connections stay in
autocommit mode. SQLAlchemy's connection, transaction and result objects cost an idle poll more than the query.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import Dialect, Engine, Select, create_engine, event
from sqlalchemy.exc import DBAPIError

from backend.database.core import engine_options, prepare
from backend.database.prepared_statements import PreparedStatements, prepared_on

READ_CONNECTIONS = 5
"""Connections of a process for such statements, which take less than a millisecond; one more read waits."""
NO_SCANS = ("seqscan", "hashjoin", "mergejoin")
READ_OPTIONS = " ".join(
    (
        "-c default_transaction_read_only=on -c jit=off -c plan_cache_mode=force_generic_plan",
        *(f"-c enable_{name}=off" for name in NO_SCANS),
    )
)
"""PostgreSQL's settings for such a connection.

A statement is prepared once and planned while the tables may still be empty. PostgreSQL would read small tables
whole, and keep that plan while they grow. Every statement here finds a few rows by an index, so the ways to
plan anything else are switched off; they must not be switched off for other statements. For the same reason the
plan does not depend on the values, so PostgreSQL makes it once, at the first execution.
"""


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
    reads = _read_engine(engine)
    pooled = reads.raw_connection()
    driver: Any = pooled.driver_connection
    prepared = prepared_on(pooled)
    try:
        yield _PsycopgConnection(engine, prepared)
    finally:
        if driver.closed:
            # The server has ended it, and probably the others too.
            pooled.invalidate()
            reads.dispose()
        pooled.close()


_read_engines: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()
"""The engine of the autocommit connections, by the engine for transactions on the same database."""


def _read_engine(engine: Engine) -> Engine:
    """Return the engine of *engine*'s autocommit connections, which are closed when *engine* is disposed of."""
    reads = _read_engines.get(engine)
    if reads is not None:
        return reads
    url = engine.url.render_as_string(hide_password=False)
    options = engine_options(url)
    arguments = options["connect_args"]
    reads = create_engine(
        url,
        **{
            **options,
            "pool_size": READ_CONNECTIONS,
            "max_overflow": 0,
            "connect_args": {
                **arguments,
                "options": f"{arguments['options']} {READ_OPTIONS}",
            },
        },
        isolation_level="AUTOCOMMIT",
        # No transaction is ever open, so there is nothing to roll back.
        pool_reset_on_return=None,
        # The connection used last has prepared the statements already.
        pool_use_lifo=True,
    )
    prepare(reads)
    # Two threads may both get here; the one that is second uses the engine of the first.
    kept = _read_engines.setdefault(engine, reads)
    if kept is reads:
        event.listen(engine, "engine_disposed", lambda _: reads.dispose())
    return kept


class _Rows(list[Any]):
    """The rows of a result, with the methods of SQLAlchemy's."""

    def all(self) -> list[Any]:
        return self

    def one_or_none(self) -> Any:
        return self[0] if self else None


class _PsycopgConnection:
    """Executes SQLAlchemy statements on a psycopg connection."""

    def __init__(self, engine: Engine, reads: PreparedStatements) -> None:
        self._engine, self._reads = engine, reads

    def execute(self, statement: Select[Any], parameters: Mapping[str, Any]) -> _Rows:
        # Listeners of the engine (the tests that count statements) must see these statements too.
        if listeners := self._engine.dispatch.before_cursor_execute:
            text, fixed = compiled_text(statement, self._engine.dialect)
            for listener in listeners:
                listener(None, None, text, {**fixed, **parameters}, None, False)
        try:
            return _Rows(self._reads.execute(statement, parameters))
        except psycopg.Error as error:
            text, _ = compiled_text(statement, self._engine.dialect)
            raise DBAPIError.instance(
                text, dict(parameters), error, psycopg.Error, hide_parameters=True, dialect=self._engine.dialect
            ) from error


@cache
def compiled_text(statement: Any, dialect: Dialect) -> tuple[str, Mapping[str, Any]]:
    """Return the text of *statement* for the driver, and the parameters that it fixes itself, by their keys.

    It must not contain `in_`, of which SQLAlchemy writes the text when it knows the values.
    """
    compiled = statement.compile(dialect=dialect)
    return str(compiled), {name: value for name, value in compiled.params.items() if value is not None}
