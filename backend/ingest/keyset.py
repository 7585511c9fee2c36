"""A set of keys that lies in a temporary file, so that a listing of any length takes no memory."""

import sqlite3
from collections.abc import Collection, Iterable
from types import TracebackType
from typing import Self

CACHE_KIB = 2_048


class KeySet:
    """Keys that were listed. It is a context manager: leaving it deletes the file."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        # The empty name is SQLite's for a file that is deleted when it is closed.
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            f"PRAGMA cache_size = -{CACHE_KIB}",
            "CREATE TABLE key (key TEXT PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",
        ):
            self._db.execute(statement)
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
        """Add *keys*, which are taken one by one."""
        self._db.executemany("INSERT OR IGNORE INTO key VALUES (?)", ((key,) for key in keys))

    def lacking(self, keys: Collection[str]) -> list[str]:
        """Return those of *keys* (some hundreds) that are not in it, in their order."""
        marks = ",".join("?" * len(keys))
        found = self._db.execute(f"SELECT key FROM key WHERE key IN ({marks})", tuple(keys))  # noqa: S608
        there = {key for (key,) in found}
        return [key for key in keys if key not in there]
