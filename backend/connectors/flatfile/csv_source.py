"""The rows of the files behind one record, which name the cell to blame if the record is invalid."""

import re
from collections.abc import Mapping, Sequence

from backend.connectors.flatfile.files import ADDRESSES, DELIVERIES, INVOICES, ORDER_LINES, File
from backend.connectors.flatfile.row import BadCell, Row
from backend.erp.rows import BadRow
from sync_protocol.errors import Fault

PART = re.compile(r"(addresses|lines|deliveries|invoices)\[(\d+)\]")
PART_FILES: dict[str, File] = {
    "addresses": ADDRESSES,
    "lines": ORDER_LINES,
    "deliveries": DELIVERIES,
    "invoices": INVOICES,
}


class CsvSource:
    """A row of a collection's first file, and the rows of its other files that were read for it.

    It keeps the rows, because their files may be closed before it is used.
    """

    __slots__ = ("_columns", "_parts", "_row")

    def __init__(self, row: Row, columns: Sequence[str], parts: Mapping[str, Sequence[Row]]) -> None:
        """*columns* are those of the row's file; *parts* has the rows that were read, by file name."""
        self._row = row
        self._columns = columns
        self._parts = parts

    def reject(self, faults: Sequence[Fault]) -> BadRow:
        """Return the row that contains the first of *faults*; the error names its line and column."""
        return bad_row(self._bad_cell(faults[0]))

    def _bad_cell(self, fault: Fault) -> BadCell:
        part = PART.match(fault.field)
        rows = self._parts.get(PART_FILES[part[1]].name) if part else None
        if part and rows:
            field = fault.field[part.end() :].lstrip(".")
            return BadCell(
                rows[int(part[2])], "", f"{field} {fault.message}; {self._row.place} is not imported"
            )
        column = fault.field.rpartition(".")[2].partition("[")[0]
        column = "satchel_key" if column == "submission_id" else column
        if column in self._columns:
            return BadCell(self._row, column, fault.message)
        return BadCell(self._row, "", f"{fault.field} {fault.message}".strip())


def bad_row(error: BadCell) -> BadRow:
    """Return the row of *error* for the quarantine, under its file and line."""
    return BadRow(error.row.place, str(error), error.row.raw)
