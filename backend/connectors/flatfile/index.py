"""The index of a data file: where each row begins, and which rows belong to a key or a parent.

It is in a temporary file and not in memory, so that memory does not grow with the number of rows.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from backend.database.temporary import temporary_database

BATCH = 1_000


class Entry(NamedTuple):
    """One row, by its number from 0. `fault` says why it is bad and `column` where; else both are empty."""

    number: int
    start: int
    line: int
    column: str
    fault: str


class Index:
    """Filled once, row by row, then queried. Not thread-safe."""

    def __init__(self) -> None:
        self._db = temporary_database(
            "CREATE TABLE entry"
            " (number INTEGER PRIMARY KEY, start INTEGER, line INTEGER, column_name TEXT, fault TEXT)",
            "CREATE TABLE stray (number INTEGER PRIMARY KEY)",
            "CREATE TABLE name (key TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID",
            "CREATE TABLE part (parent TEXT, number INTEGER, PRIMARY KEY (parent, number)) WITHOUT ROWID",
        )
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def close(self) -> None:
        """Delete the file."""
        self._db.close()

    def add(self, start: int, line: int, column: str, fault: str) -> int:
        """Add a row; return its number."""
        number = self._count
        self._db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", (number, start, line, column, fault))
        self._count += 1
        return number

    def blame(self, number: int, fault: str) -> None:
        """Mark a row as bad, with the reason; one that is bad keeps its first reason."""
        self._db.execute("UPDATE entry SET fault = ? WHERE number = ? AND fault = ''", (fault, number))

    def name(self, key: str, number: int) -> int:
        """Store the key of a row. Return the number of the first row with this key."""
        self._db.execute("INSERT OR IGNORE INTO name VALUES (?, ?)", (key, number))
        return int(self._db.execute("SELECT number FROM name WHERE key = ?", (key,)).fetchone()[0])

    def place_below(self, parent: str, number: int) -> None:
        """Store to which parent a row belongs."""
        self._db.execute("INSERT INTO part VALUES (?, ?)", (parent, number))

    def entry(self, number: int) -> Entry:
        """Return row *number*; raises IndexError."""
        row = self._db.execute("SELECT * FROM entry WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise IndexError(number)
        return Entry(*row)

    def at_line(self, line: int) -> int | None:
        """Return the number of the row that begins in *line*, or None."""
        # Rows are in the order of their lines, so this is a binary search over the primary key.
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self.entry(middle).line < line:
                low = middle + 1
            else:
                high = middle
        return low if low < self._count and self.entry(low).line == line else None

    def number(self, key: str) -> int | None:
        """Return the number of the row with *key*, or None."""
        row = self._db.execute("SELECT number FROM name WHERE key = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    def below(self, parent: str) -> list[int]:
        """Return the numbers of the rows that belong to *parent*, ascending."""
        rows = self._db.execute("SELECT number FROM part WHERE parent = ? ORDER BY number", (parent,))
        return [number for (number,) in rows]

    def add_stray(self, number: int) -> None:
        """Store that the parent of a damaged row is not known."""
        self._db.execute("INSERT INTO stray VALUES (?)", (number,))

    def strays(self) -> Iterator[int]:
        """Yield the numbers of the rows whose parent is not known."""
        yield from self._paged("SELECT number FROM stray WHERE number > ? ORDER BY number", -1)

    def keys_after(self, key: str, limit: int = BATCH) -> Sequence[str]:
        """Return up to *limit* keys above *key*, ascending."""
        rows = self._db.execute("SELECT key FROM name WHERE key > ? ORDER BY key LIMIT ?", (key, limit))
        return [name for (name,) in rows]

    def parents(self) -> Iterator[str]:
        """Yield the parents that rows name, each once, ascending."""
        yield from self._paged("SELECT DISTINCT parent FROM part WHERE parent > ? ORDER BY parent", "")
        if self.below(""):
            yield ""

    def _paged(self, statement: str, after: int | str) -> Iterator[Any]:
        """Yield the one column of *statement*, queried again for each batch: other queries may run between."""
        while rows := self._db.execute(f"{statement} LIMIT {BATCH}", (after,)).fetchall():
            for (after,) in rows:
                yield after
