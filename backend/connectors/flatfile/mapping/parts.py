"""The rows of the other files that belong to one row of the first file, in a stable order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from backend.connectors.flatfile.files import File
from backend.connectors.flatfile.row import BadCell, Row
from backend.connectors.flatfile.table import Table


@dataclass(frozen=True)
class Parts:
    """What a mapper can ask for one row: its parts in the other files.

    `generated_at` is when the export was made, as the wire writes instants.
    """

    tables: Mapping[str, Table]
    generated_at: str
    rows_read: dict[str, list[Row]] = field(default_factory=dict)
    """By file name: the rows that `of` returned last."""

    def of(self, file: File, parent: str) -> list[Row]:
        """Return the rows of *file* that belong to *parent*, ordered by their key and not as in the file.

        Raises `BadCell` if one of them is damaged, has no key or has the key of another.
        """
        table = self.tables[file.name]
        rows = [table.row(number) for number in table.index.below(parent)]
        rows.sort(key=lambda row: [_natural(row.text(column)) for column in file.key])
        for before, row in pairwise(rows):
            if all(before.maybe(column) == row.maybe(column) for column in file.key):
                raise BadCell(
                    row,
                    file.key[-1],
                    f"{row.maybe(file.key[-1])!r} is there twice; first in line {before.line}",
                )
        self.rows_read[file.name] = rows
        return rows


def orphans(table: Table, above: Table) -> Iterator[Row]:
    """Yield one row for each parent that *table* names and that is no key of *above*."""
    for parent in table.index.parents():
        if above.index.number(parent) is None:
            yield table.row(table.index.below(parent)[0])


def _natural(text: str) -> tuple[int, int, str]:
    """Return a sort key: line 2 before line 10, codes after numbers."""
    return (0, int(text), text) if text.isascii() and text.isdigit() else (1, 0, text)
