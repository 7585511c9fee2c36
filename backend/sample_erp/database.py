"""The sample ERP's database: one SQLite file with a table per exported file, and a few of its own."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.connectors.flatfile.files import File
from backend.sample_erp.upgrade import create_or_upgrade, table

OWN_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (order_id TEXT PRIMARY KEY, field INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS expense_claims (
    number TEXT PRIMARY KEY, satchel_key TEXT NOT NULL UNIQUE, employee TEXT, customer_id TEXT, total TEXT,
    currency TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forecasts (
    warehouse_id TEXT, period TEXT, product_id TEXT, quantity TEXT, unit TEXT, file INTEGER,
    PRIMARY KEY (warehouse_id, period, product_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    name TEXT PRIMARY KEY, status TEXT NOT NULL, lines TEXT NOT NULL, written INTEGER NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS order_once ON orders (satchel_key) WHERE satchel_key <> '';
CREATE INDEX IF NOT EXISTS receivable_of ON receivables (customer_id);
CREATE INDEX IF NOT EXISTS receivable_for ON receivables (order_number);
CREATE INDEX IF NOT EXISTS order_of ON orders (customer_id);
CREATE INDEX IF NOT EXISTS invoice_of ON invoices (order_id);
CREATE INDEX IF NOT EXISTS delivery_of ON deliveries (order_id);
"""

Cells = dict[str, str]


class SampleDatabase:
    """The open database. Values are text as in the files; an empty cell is an empty text."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        with self.transaction():
            create_or_upgrade(self._db)
            for statement in OWN_TABLES.split(";"):
                self._db.execute(statement)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block in a transaction of the only writer; an error rolls it back."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            # After some errors, such as a full disk, SQLite has rolled back itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return the rows that *sql* selects."""
        return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row that *sql* selects, or None."""
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def execute(self, sql: str, *values: Any) -> int:
        """Execute *sql*; return the number of changed rows."""
        return self._db.execute(sql, values).rowcount

    def put(self, file: File, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write *rows*, whose keys are columns of *file*, over those with the same key; None: an empty cell."""
        columns = ", ".join(f'"{column}"' for column in file.columns)
        marks = ", ".join("?" * len(file.columns))
        self._db.executemany(
            f'INSERT OR REPLACE INTO "{table(file)}" ({columns}) VALUES ({marks})',  # noqa: S608 - declared names  # nosec B608
            ([_text(row.get(column)) for column in file.columns] for row in rows),
        )

    def export(self, file: File) -> Iterator[tuple[str, ...]]:
        """Yield the rows of *file* in the order of its columns, by key."""
        columns = ", ".join(f'"{column}"' for column in file.columns)
        key = ", ".join(f'"{column}"' for column in file.key)
        for row in self._db.execute(f'SELECT {columns} FROM "{table(file)}" ORDER BY {key}'):  # noqa: S608 - declared names  # nosec B608
            yield tuple(row)

    def meta(self, name: str, default: str = "") -> str:
        """Return a value of table `meta`, such as the seed."""
        row = self.row("SELECT value FROM meta WHERE name = ?", name)
        return row["value"] if row else default

    def set_meta(self, name: str, value: object) -> None:
        """Store *value* in table `meta`."""
        self.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", name, str(value))

    def count_up(self, name: str, first: int) -> int:
        """Return the next number of the series *name*."""
        number = int(self.meta(name, str(first - 1))) + 1
        self.set_meta(name, number)
        return number


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
