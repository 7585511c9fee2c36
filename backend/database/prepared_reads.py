"""Statements that are prepared once per connection and executed by libpq's own call, in one step.

psycopg sends a statement and waits for its result in steps of Python, and lets another thread run in each of
them. For a statement of a tenth of a millisecond the steps cost more than the statement. `psycopg.pq` is
psycopg's documented interface to libpq; a call of it blocks this thread alone.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from sqlalchemy import ClauseElement, Dialect
from sqlalchemy.dialects import registry

_NUMBERED: Dialect = registry.load("postgresql.psycopg")(paramstyle="numeric_dollar")
"""Compiles a statement with the parameters `$1`, `$2`, …, as PostgreSQL itself numbers them."""

_make_row_type: Callable[..., Any] = namedtuple
"""A type checker wants to read the names in a call of `namedtuple`; here the result of a statement has them."""


@dataclass
class _Prepared:
    """A statement on one connection, and how its rows are made."""

    name: bytes
    parameters: tuple[str, ...]
    fixed: Mapping[str, Any]
    """The parameters whose values the statement holds."""
    make_row: Callable[..., Any] | None = None


@dataclass
class PreparedReads:
    """The statements prepared on *connection*; one thread at a time uses it."""

    connection: psycopg.Connection[Any]
    _prepared: dict[ClauseElement, _Prepared] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._transformer = Transformer(self.connection)

    def execute(self, statement: ClauseElement, parameters: Mapping[str, Any]) -> list[Any]:
        """Return the rows of *statement*, as named tuples; raises `psycopg.Error`.

        The keys of *parameters* are the names of the parameters in the statement.
        """
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepare(statement)
        values = {**prepared.fixed, **parameters}
        texts: Any = [_as_text(values[name]) for name in prepared.parameters]
        result = self.connection.pgconn.exec_prepared(prepared.name, texts)
        if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            self._forget(statement)
            raise error_from_result(result)
        self._transformer.set_pgresult(result)
        if prepared.make_row is None:
            prepared.make_row = _row_of(tuple(result.fname(n) or b"" for n in range(result.nfields)))
        return self._transformer.load_rows(0, result.ntuples, prepared.make_row)

    def _prepare(self, statement: ClauseElement) -> _Prepared:
        compiled: Any = statement.compile(dialect=_NUMBERED)
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        name = f"read_{len(self._prepared)}"
        result = self.connection.pgconn.prepare(name.encode(), str(compiled).encode())
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise error_from_result(result)
        prepared = _Prepared(name.encode(), tuple(compiled.positiontup or ()), fixed)
        self._prepared[statement] = prepared
        return prepared

    def _forget(self, statement: ClauseElement) -> None:
        """Prepare *statement* again next time: a column may have got another type."""
        self._prepared.clear()
        self.connection.pgconn.exec_(b"DEALLOCATE ALL")


@lru_cache(maxsize=128)
def _row_of(names: tuple[bytes, ...]) -> Callable[..., Any]:
    row = _make_row_type("Row", [name.decode() for name in names], rename=True)
    maker: Callable[..., Any] = row._make
    return maker


def _as_text(value: object) -> bytes | None:
    """Return *value* as PostgreSQL reads it for a parameter that the statement casts to its type."""
    return None if value is None else str(value).encode()
