"""The device's database: one SQLite file, durable at each commit, checked when it is opened.

WAL lets the app read while a page is applied; synchronous=FULL makes a commit survive an empty battery,
which "saved" promises. Source: sqlite.org/pragma.html#pragma_synchronous.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sync_protocol.device.errors import DatabaseRefused

APPLICATION_ID = 0x53544348  # "STCH"
VERSION = 1

SCHEMA = """
CREATE TABLE record (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    channel TEXT NOT NULL,
    position INTEGER NOT NULL,
    body TEXT NOT NULL,
    words TEXT,                      -- what a search looks at, folded
    parent TEXT,                     -- the customer, product or list it belongs to
    PRIMARY KEY (collection, key)
) WITHOUT ROWID;
CREATE INDEX record_by_stream ON record (channel, collection);
CREATE INDEX record_by_parent ON record (collection, parent) WHERE parent IS NOT NULL;

CREATE TABLE held (                  -- one row: where the replica stands
    one INTEGER PRIMARY KEY CHECK (one = 1),
    run INTEGER NOT NULL DEFAULT 0,  -- counted up whenever the cursor is dropped
    cursor TEXT,
    etag TEXT,                       -- that came with the page that gave the cursor
    epoch TEXT,
    restart INTEGER NOT NULL DEFAULT 0, -- the next first page replaces everything
    complete INTEGER NOT NULL DEFAULT 0,
    server_time TEXT,
    poll_after INTEGER,
    synced_at TEXT
);
INSERT INTO held (one) VALUES (1);

CREATE TABLE document (              -- the outbox
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    rep TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    captured_at TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    frozen BLOB NOT NULL,            -- the submission's bytes as they travel, never written again
    supersedes TEXT,
    due INTEGER NOT NULL DEFAULT 1,  -- to be pushed
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    status TEXT,                     -- of the last push result
    state TEXT,                      -- where it stands on the server, as last heard
    mark TEXT,                       -- why it is not pushed though the server does not have it
    errors TEXT NOT NULL DEFAULT '[]',
    dismissed INTEGER NOT NULL DEFAULT 0,
    final_at TEXT                    -- the server's time when the feed said so
);

CREATE TABLE receipt (
    sha256 TEXT PRIMARY KEY,
    filename TEXT NOT NULL,
    filetype TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    upload TEXT,                     -- the upload's path on the server, once begun
    uploaded INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
CREATE TABLE document_receipt (
    document TEXT NOT NULL REFERENCES document (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL REFERENCES receipt (sha256),
    PRIMARY KEY (document, sha256)
) WITHOUT ROWID;

CREATE TABLE session (               -- no row, or one
    one INTEGER PRIMARY KEY CHECK (one = 1),
    server TEXT NOT NULL,
    issuer TEXT NOT NULL,
    device_id TEXT NOT NULL,
    rep TEXT NOT NULL,
    rep_name TEXT NOT NULL,
    company TEXT NOT NULL,
    key_file TEXT NOT NULL,
    access_token TEXT,
    access_until REAL NOT NULL DEFAULT 0, -- by this device's clock: a hint, never a check
    refresh_token TEXT NOT NULL
);
"""


class Database:
    """A connection to the device's file. Use it in the thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Open the database at *path*, making it if needed; raises `DatabaseRefused`."""
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
        # Looked at before anything is written: it may be another program's file.
        if self._has_tables():
            self._check_owner()
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = FAST"):
            self._connection.execute(f"PRAGMA {pragma}")
        with self.writing():
            if not self._has_tables():
                for statement in _statements(SCHEMA):
                    self.run(statement)
                self.run(f"PRAGMA application_id = {APPLICATION_ID}")
                self.run(f"PRAGMA user_version = {VERSION}")

    def _has_tables(self) -> bool:
        return bool(self.value("SELECT count(*) FROM sqlite_master"))

    def _check_owner(self) -> None:
        if self._pragma("application_id") != APPLICATION_ID:
            raise DatabaseRefused(f"{self.path} belongs to another program; choose another folder")
        version = self._pragma("user_version")
        if version > VERSION:
            raise DatabaseRefused(
                f"{self.path} is of version {version} and this app knows {VERSION}; update the app"
            )

    def _pragma(self, name: str) -> int:
        return int(self.value(f"PRAGMA {name}"))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run the block in one transaction, on disk when it ends; undone whole if it raises."""
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
        """Execute one statement and return how many rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: list[tuple[Any, ...]]) -> int:
        """Execute one statement for each row and return how many rows changed."""
        return self._connection.executemany(sql, rows).rowcount if rows else 0

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, or None."""
        found = self._connection.execute(sql, values).fetchone()
        return None if found is None else found[0]

    def shrink(self) -> None:
        """Write the file anew, so that nothing deleted remains in it or in its log."""
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.execute("VACUUM")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def damage(self) -> list[str]:
        """Return what SQLite finds wrong with the file; an empty list if nothing."""
        found = [row[0] for row in self.rows("PRAGMA integrity_check")]
        return [] if found == ["ok"] else found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of *script*: `executescript` would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
