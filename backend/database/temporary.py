"""A temporary database in a file, for data that may not fit into memory and ends with the process."""

import sqlite3

CACHE_KIB = 2_048
"""Bytes of memory that one database uses, independent of its size."""


def temporary_database(*tables: str) -> sqlite3.Connection:
    """Return an SQLite database with *tables* (CREATE statements), in one transaction that is never committed.

    Closing it deletes the file. Any thread may use it, but only one at a time.
    """
    # An empty name makes a temporary file (https://sqlite.org/inmemorydb.html).
    db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for statement in (
        "PRAGMA journal_mode = OFF",
        "PRAGMA synchronous = OFF",
        f"PRAGMA cache_size = -{CACHE_KIB}",
        *tables,
        "BEGIN",
    ):
        db.execute(statement)
    return db
