"""Upgrade the tables of a file that an earlier version of the app wrote, in one transaction.

If the process is killed in the middle, the migration starts over: SQLite undoes uncommitted changes, and the
version number is one of them.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice

from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.checksum import row_hash, signed
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.store.schema import CLOCK, RECORD, SCHEMA, SEGMENT, VERSION

ROWS_AT_ONCE = 1_000


def statements(script: str) -> Iterator[str]:
    """Yield the statements of *script* one by one; `executescript` would commit between them."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def create(connection: sqlite3.Connection) -> None:
    """Create the tables in an empty file; call it inside a transaction."""
    for statement in statements(SCHEMA):
        connection.execute(statement)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Upgrade the tables of *version* to those of this app; call it inside a transaction."""
    for step in range(version, VERSION):
        _STEPS[step](connection)
        failpoint("migrate.after_step")


def _add_hashes(connection: sqlite3.Connection) -> None:
    """1 to 2: add row hashes, offered segments, and the comparison with the server."""
    for index in ("record_by_stream", "record_by_parent"):
        connection.execute(f"DROP INDEX {index}")
    connection.execute("ALTER TABLE record RENAME TO record_before")
    # As version 2 had it; the next step renames the column.
    record = RECORD.replace("search_text", "words")
    for statement in (*statements(record), *statements(SEGMENT)):
        connection.execute(statement)
    before = connection.execute(
        "SELECT collection, key, channel, position, body, words, parent FROM record_before"
    )
    while rows := list(islice(_hashed(before), ROWS_AT_ONCE)):
        connection.executemany(
            "INSERT INTO record (collection, key, channel, position, body, hash, words, parent)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        failpoint("migrate.after_rows")
    connection.execute("DROP TABLE record_before")
    for column in (
        "then_cursor TEXT",
        "check_count INTEGER",
        "check_sum INTEGER",
        "verified INTEGER NOT NULL DEFAULT 0",
        "verified_at TEXT",
        "deep_at TEXT",
        "renewed_at TEXT",
    ):
        connection.execute(f"ALTER TABLE held ADD COLUMN {column}")
    # The cursor stays valid. Without its ETag the next answer is a page, and a page brings the checksum.
    connection.execute("UPDATE held SET etag = NULL")


def _hashed(before: sqlite3.Cursor) -> Iterator[tuple[object, ...]]:
    for collection, key, channel, position, text, words, parent in before:
        try:
            body = canonical(json.loads(text)).decode()
        except (NotCanonical, ValueError, RecursionError):
            continue  # Then the record is missing, and the first checksum comparison finds that.
        yield collection, key, channel, position, body, signed(row_hash(collection, key, body)), words, parent


def _standard_names(connection: sqlite3.Connection) -> None:
    """2 to 3: rename a table and columns; no row changes."""
    connection.execute("ALTER TABLE held RENAME TO sync_state")
    connection.execute("ALTER TABLE sync_state RENAME COLUMN deep_at TO rehashed_at")
    connection.execute("ALTER TABLE sync_state RENAME COLUMN renewed_at TO refetched_at")
    connection.execute("ALTER TABLE record RENAME COLUMN words TO search_text")


def _clock_and_warnings(connection: sqlite3.Connection) -> None:
    """3 to 4: add the server's time, and the warnings of a document; no row changes."""
    for statement in statements(CLOCK):
        connection.execute(statement)
    connection.execute("ALTER TABLE document ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'")


_STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {
    1: _add_hashes,
    2: _standard_names,
    3: _clock_and_warnings,
}
"""By the version that the step starts from."""
