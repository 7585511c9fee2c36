"""The rows of the files behind one record, which name the cell to blame if the record is invalid."""

import re
from collections.abc import Mapping, Sequence

from backend.connectors.flatfile.files import (
    ADDRESSES,
    DELIVERIES,
    DELIVERY_LINES,
    INVOICES,
    ORDER_LINES,
    File,
)
from backend.connectors.flatfile.row import BadCell, Row
from backend.erp.rows import BadRow
from sync_protocol.errors import Fault

PART = re.compile(r"([a-z]+)\[(\d+)\]\.?", re.ASCII)
PART_FILES: dict[tuple[str, str], File] = {
    ("", "addresses"): ADDRESSES,
    ("", "lines"): ORDER_LINES,
    ("", "deliveries"): DELIVERIES,
    (DELIVERIES.name, "lines"): DELIVERY_LINES,
    ("", "invoices"): INVOICES,
}
"""The file of a list in a record, by the file above it (empty for the first one) and the field."""


class CsvSource:
    """A row of a collection's first file, and the rows of its other files that were read for it.

    It keeps the rows, because their files may be closed before it is used.
    """

    __slots__ = ("_columns", "_parts", "_row")

    def __init__(
        self, row: Row, columns: Sequence[str], parts: Mapping[tuple[str, int], Sequence[Row]]
    ) -> None:
        """*columns* are those of the row's file; *parts* has the rows read, by file and the line above."""
        self._row = row
        self._columns = columns
        self._parts = parts

    def reject(self, faults: Sequence[Fault]) -> BadRow:
        """Return the row that contains the first of *faults*; the error names its line and column."""
        return bad_row(self._bad_cell(faults[0]))

    def _bad_cell(self, fault: Fault) -> BadCell:
        row, columns, field, above = self._row, self._columns, fault.field, ""
        while (part := PART.match(field)) and (file := PART_FILES.get((above, part[1]))):
            rows = self._parts.get((file.name, row.line), ())
            if int(part[2]) >= len(rows):
                break
            row, columns, field, above = rows[int(part[2])], file.columns, field[part.end() :], file.name
        column = field.rpartition(".")[2].partition("[")[0]
        column = "satchel_key" if column == "submission_id" else column
        message = fault.message if column in columns else f"{field} {fault.message}".strip()
        if row is not self._row:
            message = f"{message}; {self._row.place} is not imported"
        return BadCell(row, column if column in columns else "", message)


def bad_row(error: BadCell) -> BadRow:
    """Return the row of *error* for the quarantine, under its file and line."""
    return BadRow(error.row.place, str(error), error.row.raw)
