"""What an installation has stored, so that a refusal which stored something is noticed."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from backend.database.core import Model
from backend.settings import Settings

NOT_DATA = frozenset({"audit", "used_proof"})
"""Tables in which a refused attempt leaves a row: what was tried, and that its proof may not be used again."""
SEEN = frozenset({"last_seen_at", "previously_seen_at"})
FOLDERS = ("receipts", "uploads")


class Stored:
    """Rows of all tables and sizes of all files of an installation on SQLite, without what is no data."""

    def __init__(self, settings: Settings) -> None:
        self._folders = [settings.folder / name for name in FOLDERS]
        self._connection = sqlite3.connect(str(make_url(settings.database_url).database), timeout=10)
        self._version: Any = None
        self._rows: dict[str, Any] = {}

    def close(self) -> None:
        self._connection.close()

    def state(self) -> dict[str, Any]:
        """Return what is stored now. It is read again only if another connection has written."""
        with closing(self._connection.execute("PRAGMA data_version")) as cursor:
            version = cursor.fetchone()
        if version != self._version:
            self._version, self._rows = version, self._tables()
        return {**self._rows, "files": self._files()}

    def _tables(self) -> dict[str, Any]:
        tables = {}
        for table in Model.metadata.sorted_tables:
            if table.name not in NOT_DATA:
                columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in SEEN)
                query = f'SELECT {columns} FROM "{table.name}" ORDER BY 1'
                tables[table.name] = self._connection.execute(query).fetchall()
        return tables

    def _files(self) -> list[tuple[str, int]]:
        return sorted(
            (str(path), path.stat().st_size) for folder in self._folders for path in _files_in(folder)
        )


def _files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names of the tables (or `files`) in which *after* differs from *before*."""
    return [name for name in before if before[name] != after[name]]
