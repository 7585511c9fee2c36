"""Upgrade the tables of a sample ERP that an earlier version made: the files have other columns or keys now."""

import sqlite3

from backend.connectors.flatfile.files import ALL_FILES, File

FILLED = {
    ("delivery_lines", "order_id"): "(SELECT order_id FROM deliveries WHERE deliveries.id = delivery_id)",
}
"""SQL of the values of a column that an earlier version did not have; others start empty."""


def create_or_upgrade(db: sqlite3.Connection) -> None:
    """Create the table of every file; a table with other columns or another key is made again with its rows.

    Call it inside a transaction.
    """
    for file in ALL_FILES.values():
        name = table(file)
        declared = db.execute(f'PRAGMA table_info("{name}")').fetchall()
        key = [row[1] for row in sorted(declared, key=lambda row: row[5]) if row[5]]
        old = [row[1] for row in declared]
        if old == list(file.columns) and key == list(file.key):
            continue
        if old:
            db.execute(f'ALTER TABLE "{name}" RENAME TO "earlier_{name}"')
        columns = ", ".join(f'"{column}" TEXT NOT NULL' for column in file.columns)
        db.execute(f'CREATE TABLE "{name}" ({columns}, PRIMARY KEY ({_quoted(file.key)}))')
        if old:
            values = ", ".join(
                f'"{column}"' if column in old else FILLED.get((name, column), "''") for column in file.columns
            )
            db.execute(
                f'INSERT OR IGNORE INTO "{name}" ({_quoted(file.columns)})'  # noqa: S608 - declared names  # nosec B608
                f' SELECT {values} FROM "earlier_{name}"'
            )
            db.execute(f'DROP TABLE "earlier_{name}"')


def table(file: File) -> str:
    """Return the name of the table with the rows of *file*."""
    return file.name.removesuffix(".csv")


def _quoted(columns: tuple[str, ...]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
