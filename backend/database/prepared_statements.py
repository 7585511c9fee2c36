"""Statements that are prepared once per connection and executed by libpq's own calls.

psycopg sends a statement and waits for its result in steps of Python, and lets another thread run in each of
them. For a statement of a tenth of a millisecond the steps cost more than the statement. `psycopg.pq` is
psycopg's documented interface to libpq; `execute` is one call of it, which blocks this thread alone.
"""

import select
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from sqlalchemy import ClauseElement, Connection, Dialect, Engine, PoolProxiedConnection, event
from sqlalchemy.dialects import registry
from sqlalchemy.pool import ConnectionPoolEntry

_NUMBERED: Dialect = registry.load("postgresql.psycopg")(paramstyle="numeric_dollar")
"""Compiles a statement with the parameters `$1`, `$2`, …, as PostgreSQL itself numbers them."""
_STALE = (errors.FeatureNotSupported, errors.InvalidSqlStatementName, errors.UndefinedColumn)
"""What a prepared statement fails with when it must be prepared again: a column may have got another type."""
_RETURNED = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)

_make_row_type: Callable[..., Any] = namedtuple
"""A type checker wants to read the names in a call of `namedtuple`; here the result of a statement has them."""


@dataclass(frozen=True)
class NumberedText:
    """SQL with the parameters `$1`, `$2`, …, and their names in this order."""

    text: str
    parameters: tuple[str, ...] = ()


Statement = ClauseElement | NumberedText
BEGIN, COMMIT = NumberedText("BEGIN"), NumberedText("COMMIT")


@dataclass
class _Prepared:
    """A statement on one connection, and how its rows are made."""

    name: bytes
    parameters: tuple[str, ...]
    fixed: Mapping[str, Any]
    """The parameters whose values the statement holds."""
    make_row: Callable[..., Any] | None = None

    def texts(self, parameters: Mapping[str, Any]) -> Any:
        values = {**self.fixed, **parameters} if self.fixed else parameters
        return [_as_text(values[name]) for name in self.parameters]


@dataclass
class PreparedStatements:
    """The statements prepared on *connection*; one thread at a time uses it."""

    connection: psycopg.Connection[Any]
    _prepared: dict[tuple[Statement, bool], _Prepared] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        self._transformer = Transformer(self.connection)

    def forget(self) -> None:
        """Prepare all statements again next time: psycopg has deallocated all of the connection."""
        self._prepared.clear()

    def execute(self, statement: Statement, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the rows of *statement*, as named tuples; raises `psycopg.Error`.

        The keys of *parameters* are the names of the parameters in the statement.
        """
        prepared = self._of(statement)
        result = self.connection.pgconn.exec_prepared(prepared.name, prepared.texts(parameters))
        return self._rows(prepared, result)

    def pipeline(
        self,
        statements: Sequence[tuple[Statement, Mapping[str, Any]]],
        named: Sequence[bool],
        *,
        own_plans: bool = False,
        commits: bool = False,
    ) -> list[list[Any]]:
        """Send *statements* together, COMMIT too if *commits*; return their rows.

        The keys of their parameters are the names of these in the statement. *named* says of each statement
        whether its rows are named tuples. Those with *own_plans* share none with the same statement without.
        A transaction is begun if there is none. Each statement has its own snapshot in READ COMMITTED, and they
        run in their order (postgresql.org/docs/current/libpq-pipeline-mode.html). Raises `psycopg.Error` of the
        first that failed: none after it was run.
        """
        begins = self.connection.pgconn.transaction_status == pq.TransactionStatus.IDLE
        calls = [*([(BEGIN, {})] if begins else []), *statements, *([(COMMIT, {})] if commits else [])]
        prepared = [self._of(statement, own_plans) for statement, _ in calls]
        results = self._results(
            [(each.name, each.texts(call[1])) for each, call in zip(prepared, calls, strict=True)]
        )
        names = [*([True] if begins else []), *named, *([True] if commits else [])]
        rows = [self._rows(*each) for each in zip(prepared, results, names, strict=True)]
        return rows[begins : begins + len(statements)]

    def _results(self, calls: Sequence[tuple[bytes, Any]]) -> list[Any]:
        """Send *calls*, names of statements with their parameters, and return the result of each."""
        pgconn = self.connection.pgconn
        pgconn.enter_pipeline_mode()
        try:
            for name, parameters in calls:
                pgconn.send_query_prepared(name, parameters)
            pgconn.pipeline_sync()
            results = [self._next_result() for _ in calls]
            self._next_result(ends=False)
            pgconn.exit_pipeline_mode()
        except BaseException:
            # Results that were not read would be taken for those of the next statement.
            self.connection.close()
            raise
        return results

    def _next_result(self, *, ends: bool = True) -> Any:
        """Wait for a result; *ends*: and for the mark behind it, which a synchronisation does not have."""
        pgconn = self.connection.pgconn
        ready = _poll(pgconn.socket)
        while (unsent := pgconn.flush()) or pgconn.is_busy():
            ready.modify(pgconn.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            ready.poll()
            pgconn.consume_input()
        result = pgconn.get_result()
        if ends:
            while pgconn.get_result() is not None:
                pass
        return result

    def _rows(self, prepared: _Prepared, result: Any, named: bool = True) -> list[Any]:
        if result.status not in _RETURNED:
            error = error_from_result(result)
            if isinstance(error, _STALE):
                self.forget()
            if self.connection.closed:
                raise psycopg.OperationalError(str(error))
            raise error
        if result.ntuples == 0:
            return []
        self._transformer.set_pgresult(result)
        if not named:
            return self._transformer.load_rows(0, result.ntuples, tuple)
        if prepared.make_row is None:
            prepared.make_row = _row_of(tuple(result.fname(n) or b"" for n in range(result.nfields)))
        return self._transformer.load_rows(0, result.ntuples, prepared.make_row)

    def _of(self, statement: Statement, own_plans: bool = False) -> _Prepared:
        prepared = self._prepared.get((statement, own_plans))
        if prepared is None:
            prepared = self._prepared[statement, own_plans] = self._prepare(statement)
        return prepared

    def _prepare(self, statement: Statement) -> _Prepared:
        fixed: dict[str, Any] = {}
        if isinstance(statement, NumberedText):
            text, names = statement.text, statement.parameters
        else:
            compiled: Any = statement.compile(dialect=_NUMBERED)
            text, names = str(compiled), tuple(compiled.positiontup or ())
            fixed = {name: value for name, value in compiled.params.items() if value is not None}
        # Never a name again: the server may still have one that was forgotten.
        self._count += 1
        name = f"prepared_{self._count}".encode()
        result = self.connection.pgconn.prepare(name, text.encode())
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(result)
        return _Prepared(name, names, fixed)


_ON_CONNECTION = "satchel.prepared_statements"
"""Holds, in the pool's notes about a connection, the statements that are prepared on it."""


def forget_with_psycopg(engine: Engine) -> None:
    """Forget a connection's statements whenever psycopg deallocates them all, which is at each rollback."""

    @event.listens_for(engine, "rollback")
    @event.listens_for(engine, "rollback_savepoint")
    def _rolled_back(connection: Connection, *_: Any) -> None:
        if not connection.invalidated:
            _forget(connection.connection.info)

    @event.listens_for(engine, "reset")
    def _reset(connection: Any, record: ConnectionPoolEntry, state: Any) -> None:
        if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            _forget(record.info)


def _forget(info: dict[Any, Any]) -> None:
    if prepared := info.get(_ON_CONNECTION):
        prepared.forget()


def prepared_on(pooled: PoolProxiedConnection) -> PreparedStatements:
    """Return the statements that are prepared on the connection *pooled*."""
    prepared: PreparedStatements | None = pooled.info.get(_ON_CONNECTION)
    if prepared is None:
        driver: Any = pooled.driver_connection
        prepared = pooled.info[_ON_CONNECTION] = PreparedStatements(driver)
    return prepared


@lru_cache(maxsize=64)
def _poll(socket: int) -> select.poll:
    ready = select.poll()
    ready.register(socket)
    return ready


@lru_cache(maxsize=128)
def _row_of(names: tuple[bytes, ...]) -> Callable[..., Any]:
    row = _make_row_type("Row", [name.decode() for name in names], rename=True)
    maker: Callable[..., Any] = row._make
    return maker


def _as_text(value: object) -> bytes | None:
    """Return *value* as PostgreSQL reads it for a parameter that the statement casts to its type."""
    return None if value is None else str(value).encode()
