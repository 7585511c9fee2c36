"""The device's database: one SQLite file, durable at each commit, checked when it is opened.

WAL lets the app read while a page is applied. synchronous=FULL makes a commit survive a power loss, which the
word "saved" promises. Source: sqlite.org/pragma.html#pragma_synchronous.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sync_protocol.device.errors import DatabaseRefused
from sync_protocol.device.store import migrations
from sync_protocol.device.store.schema import APPLICATION_ID, VERSION


class Database:
    """A connection to the device's file. Use it only in the thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Open the database at *path*, creating it if needed; raises `DatabaseRefused`."""
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if isinstance(error, sqlite3.OperationalError):
                raise DatabaseRefused(f"{path} cannot be opened: {error}") from error
            raise DatabaseRefused(f"{path} is not a database: {error}") from error
        except DatabaseRefused:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        # Check the owner before the first write: it may be another program's file.
        if self._has_tables():
            self._check_owner()
        for pragma in (
            "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = FAST",
            "cache_size = -8000",  # KiB: a segment's rows and their indexes
        ):  # fmt: skip
            self._connection.execute(f"PRAGMA {pragma}")
        with self.writing():
            if not self._has_tables():
                migrations.create(self._connection)
                self.run(f"PRAGMA application_id = {APPLICATION_ID}")
            elif self._pragma("user_version") < VERSION:
                migrations.migrate(self._connection, self._pragma("user_version"))
            else:
                return
            self.run(f"PRAGMA user_version = {VERSION}")

    def _has_tables(self) -> bool:
        return bool(self.value("SELECT count(*) FROM sqlite_master"))

    def _check_owner(self) -> None:
        if self._pragma("application_id") != APPLICATION_ID:
            raise DatabaseRefused(f"{self.path} belongs to another program; choose another folder")
        version = self._pragma("user_version")
        if version > VERSION:
            raise DatabaseRefused(
                f"{self.path} has version {version} and this app supports up to {VERSION}; update the app"
            )

    def _pragma(self, name: str) -> int:
        return int(self.value(f"PRAGMA {name}"))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block in one transaction: on disk when the block ends, rolled back if it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Run the block on one snapshot."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def run(self, sql: str, *values: Any) -> int:
        """Execute one statement; return how many rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> int:
        """Execute one statement for each row; return how many rows changed."""
        return max(0, self._connection.executemany(sql, rows).rowcount)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def only_row(self, sql: str, *values: Any) -> sqlite3.Row:
        """Return the row of a query that always has one; raises LookupError if it has none."""
        row = self.row(sql, *values)
        if row is None:
            raise LookupError("a query that always has a row has none")
        return row

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, or None."""
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def shrink(self) -> None:
        """Rewrite the file: deleted data must not remain in it or in its log."""
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def integrity_errors(self) -> list[str]:
        """Return the errors that SQLite finds in the file; an empty list if there are none."""
        errors = [row[0] for row in self.rows("PRAGMA integrity_check")]
        return [] if errors == ["ok"] else errors

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
