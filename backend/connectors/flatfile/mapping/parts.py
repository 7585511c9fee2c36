"""The rows of the other files that belong to one row of the first file, in a stable order."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backend.connectors.flatfile.files import File
from backend.connectors.flatfile.row import Row
from backend.connectors.flatfile.table import Table


@dataclass(frozen=True)
class Parts:
    """What a mapper can ask for one row: its parts in the other files.

    `generated_at` is when the export was made, as the wire writes instants.
    """

    tables: Mapping[str, Table]
    generated_at: str
    rows_read: dict[tuple[str, int], list[Row]] = field(default_factory=dict)
    """By file name and line of the row above: the rows that `of` returned."""

    def of(self, file: File, above: Row, *parent: str) -> list[Row]:
        """Return the rows of *file* that belong to the row *above*, ordered by their key.

        *parent* are the values of the columns that name the row above. Raises `BadCell` if one of the rows is
        damaged or has no key, or the key of another.
        """
        table = self.tables[file.name]
        key = parent[0] if len(parent) == 1 else json.dumps(parent, ensure_ascii=False)
        rows = [table.row(number) for number in table.index.below(key)]
        rows.sort(key=lambda row: [_natural(row.text(column)) for column in file.key])
        self.rows_read[file.name, above.line] = rows
        return rows


def orphans(table: Table, above: Table) -> Iterator[int]:
    """Yield the number of one row for each parent that *table* names and that is no key of *above*."""
    for parent in table.index.parents():
        if above.index.number(parent) is None:
            yield table.index.below(parent)[0]


def _natural(text: str) -> tuple[int, int, str]:
    """Return a sort key: line 2 before line 10, codes after numbers."""
    if not (text.isascii() and text.isdigit()):
        return 1, 0, text
    # Compared by length first, because `int` refuses thousands of digits.
    number = text.lstrip("0")
    return 0, len(number), number
