"""How a file of an earlier version comes to have the tables of this one, in one transaction.

Killed in the middle it starts over: SQLite undoes what was not committed, the version's number included.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice

from sync_protocol.canonical import NotCanonical, canonical
from sync_protocol.checksum import row_hash, signed
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.store.schema import RECORD, SCHEMA, SEGMENT, VERSION

ROWS_AT_ONCE = 1_000


def statements(script: str) -> Iterator[str]:
    """Yield the statements of *script*: `executescript` would commit in between."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def create(connection: sqlite3.Connection) -> None:
    """Give an empty file the tables; call it inside a transaction."""
    for statement in statements(SCHEMA):
        connection.execute(statement)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring the tables of *version* to those of this app; call it inside a transaction."""
    for step in range(version, VERSION):
        _STEPS[step](connection)
        failpoint("migrate.after_step")


def _hash_rows(connection: sqlite3.Connection) -> None:
    """1 to 2: row hashes, offered segments, and what is known of the replica being equal to the server's."""
    for index in ("record_by_stream", "record_by_parent"):
        connection.execute(f"DROP INDEX {index}")
    connection.execute("ALTER TABLE record RENAME TO record_before")
    for statement in (*statements(RECORD), *statements(SEGMENT)):
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
    # The cursor stays good; without its tag the next answer is a page, which brings the checksum.
    connection.execute("UPDATE held SET etag = NULL")


def _hashed(before: sqlite3.Cursor) -> Iterator[tuple[object, ...]]:
    for collection, key, channel, position, text, words, parent in before:
        try:
            body = canonical(json.loads(text)).decode()
        except (NotCanonical, ValueError, RecursionError):
            continue  # It is missing then, and the first checksum shows it.
        yield collection, key, channel, position, body, signed(row_hash(collection, key, body)), words, parent


_STEPS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _hash_rows}
