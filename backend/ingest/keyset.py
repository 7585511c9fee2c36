"""A set of keys in a temporary file, so that memory does not grow with the listing.

Separate from `sweep`, so that a test can measure its memory alone.
"""

from collections.abc import Collection, Iterable
from types import TracebackType
from typing import Self

from backend.database.temporary import temporary_database
from backend.erp.sanitize import sanitized


class KeySet:
    """A set of listed keys; a context manager that deletes the file at its end."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._db = temporary_database("CREATE TABLE key (key TEXT PRIMARY KEY) WITHOUT ROWID")
        self.update(keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM key").fetchone()[0])

    def update(self, keys: Iterable[str]) -> None:
        """Add *keys*, consumed one by one. They are sanitized: no record has a key that cannot be stored."""
        self._db.executemany("INSERT OR IGNORE INTO key VALUES (?)", ((sanitized(key),) for key in keys))

    def lacking(self, keys: Collection[str]) -> list[str]:
        """Return those of *keys* that are not in the set, in their order."""
        query = "SELECT 1 FROM key WHERE key = ?"
        return [key for key in keys if self._db.execute(query, (key,)).fetchone() is None]
