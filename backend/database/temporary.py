"""Scratch: tables in a temporary file, for what would not fit into memory and need not outlive the process."""

import sqlite3

CACHE_KIB = 2_048
"""Memory that one of them takes, whatever it holds."""


def temporary_database(*tables: str) -> sqlite3.Connection:
    """Return a database with *tables* (CREATE statements), in one transaction that never ends.

    Closing it deletes the file. Any thread may use it, one at a time.
    """
    # The empty name is SQLite's for such a file.
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
