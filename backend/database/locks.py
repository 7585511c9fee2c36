"""Advisory locks: one holder at a time for a name, over all processes of an installation.

PostgreSQL numbers such locks; the number is a hash of the name, so two locks do not share a number. SQLite
needs none: it has one writer at a time, so these functions do nothing there.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Boolean, ColumnElement, Connection, Engine, Text, bindparam, func, literal_column, select
from sqlalchemy.orm import Session

from backend.database.bulk import POSTGRESQL
from backend.database.round_trip import Read

_NUMBER = func.hashtextextended(bindparam("name", type_=Text), literal_column("0"))
# Built once: every push takes one, and building a statement takes longer than running it.
_LOCK = select(func.pg_advisory_xact_lock(_NUMBER))
_TRY_LOCK = select(func.pg_try_advisory_xact_lock(_NUMBER))
_TRY_LOCK_CONNECTION = select(func.pg_try_advisory_lock(_NUMBER))
_UNLOCK_CONNECTION = select(func.pg_advisory_unlock(_NUMBER))


def advisory_lock(transaction: Session | Connection, name: str) -> None:
    """Wait for the lock *name* and hold it until *transaction* ends."""
    connection = _connection(transaction)
    if connection.dialect.name == POSTGRESQL:
        connection.execute(_LOCK, {"name": name})


def lock_read(name: str) -> Read:
    """Return the statement of `advisory_lock` for a round trip with others; PostgreSQL only."""
    return Read(_LOCK, {"name": name})


def try_advisory_lock(transaction: Session | Connection, name: str) -> bool:
    """Hold the lock *name* until *transaction* ends; return False, without waiting, if another one holds it."""
    connection = _connection(transaction)
    return connection.dialect.name != POSTGRESQL or bool(connection.scalar(_TRY_LOCK, {"name": name}))


def try_lock_of(name: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the SQL expression that takes the lock *name* as `try_advisory_lock` does; PostgreSQL only.

    It is evaluated for each row that a statement returns.
    """
    return func.pg_try_advisory_xact_lock(func.hashtextextended(name, literal_column("0")), type_=Boolean)


@contextmanager
def connection_lock(engine: Engine, name: str) -> Iterator[bool]:
    """Hold the lock *name* on a connection of its own while the block runs; for work of many transactions.

    Yields False, without waiting, if another connection holds it. PostgreSQL only.
    """
    # Not in a transaction: the server would end an idle one, and it would hold back vacuum.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        acquired = bool(connection.scalar(_TRY_LOCK_CONNECTION, {"name": name}))
        try:
            yield acquired
        finally:
            if acquired:
                connection.execute(_UNLOCK_CONNECTION, {"name": name})


def _connection(transaction: Session | Connection) -> Connection:
    return transaction.connection() if isinstance(transaction, Session) else transaction
