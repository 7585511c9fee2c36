"""Statements that do not depend on each other's rows, in one round trip of the transaction.

On PostgreSQL they go through a pipeline of the driver: each is still a statement of its own, with its own
snapshot, and they run in their order (postgresql.org/docs/current/libpq-pipeline-mode.html). SQLite has no
round trips; there they run one after the other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, func, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from backend.database.bulk import POSTGRESQL
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


def run(session: Session, reads: Sequence[Read], *, commits: bool = False) -> list[Any]:
    """Run *reads* in their order; return the value of each. *commits* as of `pipelined`. Raises `DBAPIError`.

    What returns no rows, such as an INSERT, has the value of an empty list of rows.
    """
    connection = session.connection()
    if connection.dialect.name != POSTGRESQL or (len(reads) == 1 and not commits):
        results = [connection.execute(read.statement, read.parameters) for read in reads]
        rows = [result.all() if result.returns_rows else [] for result in results]
    else:
        comment = _OWN_PLANS if reads[0].statement is _BY_INDEX else ""
        texts = [_text(read, connection, comment) for read in reads]
        cursors = pipelined(connection, texts, commits=commits)
        rows = [cursor.fetchall() if cursor.description else [] for cursor in cursors]
    return [read.value(of_read) for read, of_read in zip(reads, rows, strict=True)]


def pipelined(
    connection: Connection, statements: Sequence[tuple[str, Mapping[str, Any]]], *, commits: bool = False
) -> list[Any]:
    """Send *statements*, SQL with its parameters by their keys, to PostgreSQL together; return their cursors.

    *commits*: COMMIT is sent with them; what commits afterwards finds that done.

    Raises `DBAPIError`: then none after the failed one was run, and the transaction must be rolled back.
    """
    driver: Any = connection.connection.driver_connection
    # Listeners of the engine (the tests that count statements) must see these statements too.
    for listener in connection.engine.dispatch.before_cursor_execute:
        for text, parameters in statements:
            listener(connection, None, text, parameters, None, False)
    error_class: Any = connection.dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            cursors = [
                driver.cursor(row_factory=namedtuple_row).execute(text, parameters, prepare=True)
                for text, parameters in statements
            ]
            if commits:
                driver.commit()
        return cursors
    except error_class as error:
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance(
            "a pipeline of statements",
            None,
            error,
            error_class,
            hide_parameters=True,
            dialect=connection.dialect,
        ) from error


def _text(read: Read, connection: Connection, comment: str) -> tuple[str, Mapping[str, Any]]:
    text, fixed = compiled_text(read.statement, connection.dialect)
    return text + comment, {**fixed, **read.parameters}


_OWN_PLANS = " /* by index */"
"""Ends statements that follow `by_index`. A prepared statement is known by its text, so these share no plan
with the same statement of another transaction on the connection, which may have read the tables whole."""

_BY_INDEX = select(
    *(func.set_config(f"enable_{name}", "off", literal(True)) for name in NO_SCANS),
    func.set_config("jit", "off", literal(True)),
)


def by_index(session: Session) -> list[Read]:
    """Return the statement after which this transaction reads tables by their indexes alone; none for SQLite.

    A statement is prepared once and planned while the tables may still be empty. PostgreSQL would read small
    tables whole, and keep that plan while they grow. It is for transactions in which each statement finds a few
    rows by an index, and it ends with the transaction.
    """
    return [Read(_BY_INDEX, {})] if session.get_bind().dialect.name == POSTGRESQL else []
