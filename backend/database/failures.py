"""Says whether an error means that the database cannot be used at present, and why, in one line.

Web, worker and command line treat such an error alike: they wait, or tell the operator. Others are bugs.
"""

import sqlite3

import psycopg
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    PendingRollbackError,
    ProgrammingError,
    ResourceClosedError,
    TimeoutError,
)

INIT = "run `satchel init`"
_OTHER_SCHEMA = frozenset({"42P01", "42703", "3F000", "42883"})
"""PostgreSQL: undefined table, column, schema, function."""
_FORBIDDEN = "42501"
_DISK_FULL = "53100"
_DATA = "22"
"""The class of PostgreSQL's errors about a value, such as a text that is no number."""
_SQLITE_FULL = "database or disk is full"
_SQLITE_SCHEMA = ("no such table", "no such column", "has no column named")


def is_unusable(error: BaseException) -> bool:
    """Return whether *error* says that the database is away, full, read-only, damaged, or of another schema.

    Wrong statements and values are bugs, and so is a violated constraint.
    """
    if isinstance(error, TimeoutError | PendingRollbackError | ResourceClosedError):
        # The last two follow an error on the same session, such as a lost connection.
        return True
    if isinstance(error, DBAPIError):
        if isinstance(error, ProgrammingError):
            return has_other_schema(error) or _sqlstate(error) == _FORBIDDEN
        return not isinstance(error, DataError | IntegrityError | NotSupportedError)
    # Raised by the driver itself, where SQLAlchemy does not translate: in autocommit reads and at the end.
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | sqlite3.OperationalError)


def is_full(error: BaseException) -> bool:
    """Return whether *error* says that a disk of the database is full."""
    return _sqlstate(error) == _DISK_FULL or _SQLITE_FULL in str(_cause(error))


def has_other_schema(error: BaseException) -> bool:
    """Return whether *error* says that a table or column is missing: no `satchel init`, or another version."""
    return _sqlstate(error) in _OTHER_SCHEMA or any(text in str(_cause(error)) for text in _SQLITE_SCHEMA)


def reason(error: BaseException) -> str:
    """Return what the database said as `first_line`; for a missing table or column, with what to do."""
    text = first_line(error)
    return f"{text}; {INIT}" if has_other_schema(error) else text


def first_line(error: BaseException) -> str:
    """Return the first line of what the database said, without values that somebody typed.

    PostgreSQL's further lines (DETAIL, CONTEXT) quote rows. If it refuses a value, its first line quotes that,
    and the name of the error stands instead.
    """
    cause = _cause(error)
    if (_sqlstate(error) or "").startswith(_DATA):
        return f"{type(cause).__name__} ({_sqlstate(error)})"
    lines = str(cause).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _cause(error: BaseException) -> BaseException:
    return getattr(error, "orig", None) or error


def _sqlstate(error: BaseException) -> str | None:
    return getattr(_cause(error), "sqlstate", None)
