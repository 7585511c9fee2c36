"""Statements that do not depend on each other's rows, in one round trip of the transaction.

On PostgreSQL they go through a pipeline of the driver: each is still a statement of its own, with its own
snapshot, and they run in their order (postgresql.org/docs/current/libpq-pipeline-mode.html). SQLite has no
round trips; there they run one after the other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection, func, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.database.bulk import POSTGRESQL
from backend.database.prepared_statements import NumberedText, Statement, prepared_on
from backend.database.snapshot_reads import NO_SCANS, compiled_text

Rows = Sequence[Any]


@dataclass(frozen=True)
class Read:
    """A statement, and what the rows that it returns mean."""

    statement: Any
    """A Core statement that is kept: compiling one takes longer than running it."""
    parameters: Mapping[str, Any]
    value: Callable[[Rows], Any] = list
    """Makes of the rows what the caller wants."""
    named: bool = True
    """Whether `value` uses the names of the columns; tuples without them are made in less time."""


def run(session: Session, reads: Sequence[Read], *, commits: bool = False) -> list[Any]:
    """Run *reads* in their order; return the value of each. *commits* as of `pipelined`. Raises `DBAPIError`.

    What returns no rows, such as an INSERT, has the value of an empty list of rows.
    """
    connection = session.connection()
    if connection.dialect.name != POSTGRESQL or (len(reads) == 1 and not commits):
        results = [connection.execute(read.statement, read.parameters) for read in reads]
        rows = [list(result.all()) if result.returns_rows else [] for result in results]
    else:
        calls = [(read.statement, read.parameters) for read in reads]
        own_plans = reads[0].statement is _BY_INDEX
        named = [read.named for read in reads]
        rows = pipelined(connection, calls, named=named, own_plans=own_plans, commits=commits)
    return [read.value(of_read) for read, of_read in zip(reads, rows, strict=True)]


def pipelined(
    connection: Connection,
    statements: Sequence[tuple[Statement, Mapping[str, Any]]],
    *,
    named: Sequence[bool] | None = None,
    own_plans: bool = True,
    commits: bool = False,
) -> list[list[Any]]:
    """Send *statements* with their parameters, by their keys, to PostgreSQL together; return the rows of each.

    *named* says of each whether its rows have the names of the columns (None: all); otherwise they are tuples.
    *own_plans*: they follow `by_index`, and share no plan with the same statement of another transaction on the
    connection, which may have read the tables whole.
    *commits*: COMMIT is sent with them; what commits afterwards finds that done.

    Raises `DBAPIError`: then none after the failed one was run, and the transaction must be rolled back.
    """
    # Listeners of the engine (the tests that count statements) must see these statements too.
    if listeners := connection.engine.dispatch.before_cursor_execute:
        for statement, parameters in statements:
            text, fixed = _text(statement, connection)
            for listener in listeners:
                listener(connection, None, text, {**fixed, **parameters}, None, False)
    prepared = prepared_on(connection.connection)
    try:
        return prepared.pipeline(
            statements, named or [True] * len(statements), own_plans=own_plans, commits=commits
        )
    except BaseException as error:
        if prepared.connection.closed:
            connection.invalidate(error)
        if not isinstance(error, psycopg.Error):
            raise
        raise DBAPIError.instance(
            "a pipeline of statements",
            None,
            error,
            psycopg.Error,
            hide_parameters=True,
            dialect=connection.dialect,
        ) from error


def _text(statement: Statement, connection: Connection) -> tuple[str, Mapping[str, Any]]:
    if isinstance(statement, NumberedText):
        return statement.text, {}
    return compiled_text(statement, connection.dialect)


_BY_INDEX = select(
    *(func.set_config(f"enable_{name}", "off", literal(True)) for name in NO_SCANS),
    func.set_config("jit", "off", literal(True)),
    # No statement's plan depends on its values, so each is planned once per connection.
    func.set_config("plan_cache_mode", "force_generic_plan", literal(True)),
)


def by_index(session: Session) -> list[Read]:
    """Return the statement after which this transaction reads tables by their indexes alone; none for SQLite.

    A statement is prepared once and planned while the tables may still be empty. PostgreSQL would read small
    tables whole, and keep that plan while they grow. It is for transactions in which each statement finds a few
    rows by an index, and it ends with the transaction.
    """
    return [Read(_BY_INDEX, {})] if session.get_bind().dialect.name == POSTGRESQL else []
