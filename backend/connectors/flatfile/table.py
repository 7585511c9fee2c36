"""One data file of an export: indexed once in a temporary file, then read row by row."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from backend.connectors.flatfile.errors import broken_export
from backend.connectors.flatfile.files import File, joined
from backend.connectors.flatfile.header import checked_header
from backend.connectors.flatfile.index import Index
from backend.connectors.flatfile.lines import LONGEST_ROW, Lines, flaw_in
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.row import BadCell, Row
from backend.erp.sanitize import sanitized
from backend.files import open_file

READ_AGAIN = 4
"""How often, on average, the bytes of a file are read again because they stood in a damaged row. Beyond that
such a row is left at its end: else a file of quotation marks would be read thousands of times."""


class Table:
    """An open data file. *rows* is the number in its manifest; *key* returns the key of a row.

    Raises `ErpError` if the file as a whole is wrong.

    The `index` holds the fault of each bad row: another number of fields than the header, a stray quotation
    mark, bytes that are not text, or a key that an earlier row has. `unkeyed` counts rows without a valid key.
    """

    def __init__(
        self,
        path: Path,
        file: File,
        rows: int | None,
        options: Options,
        key: Callable[[Row], str] | None = None,
    ) -> None:
        self.file = file
        self.index = Index()
        self.unkeyed = 0
        self._options = options
        self._header: list[str] = []
        try:
            self._opened: BinaryIO = open_file(path)
        except BaseException:
            self.index.close()
            raise
        try:
            self._index(key)
            # A damaged row may have swallowed others, or be in several parts: those are in quarantine.
            if rows is not None and len(self) != rows and not self.unkeyed:
                raise broken_export(
                    f"{file.name} has {len(self)} rows and its manifest says {rows}; "
                    "check for quotation marks that are not doubled, and export it again"
                )
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self.index)

    def close(self) -> None:
        """Close the file and its index."""
        self._opened.close()
        self.index.close()

    def row(self, number: int) -> Row:
        """Return row *number*, counted from 0; raises `BadCell` if it is damaged."""
        entry = self.index.entry(number)
        lines = Lines(self._opened, self._options.encoding, entry.start)
        lines.begin_row()
        try:
            fields = next(self._reader(lines))
            raw = lines.raw
        except (csv.Error, StopIteration):
            fields, raw = [], lines.raw.partition("\n")[0]
        cells = dict(zip(self._header, fields, strict=False))
        row = Row(self.file.name, entry.line, cells, sanitized(raw), self._options.decimal)
        if entry.fault:
            raise BadCell(row, entry.column, entry.fault)
        return row

    def _reader(self, lines: Lines) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._options.delimiter, strict=True)

    def _index(self, key: Callable[[Row], str] | None) -> None:
        lines = Lines(self._opened, self._options.encoding, 0)
        reader = self._reader(lines)
        self._header = checked_header(self.file.name, self.file.columns, reader, lines, self._options)
        too_long, again = False, 0
        while True:
            lines.begin_row()
            start, line = lines.offset, lines.number + 1
            column = fault = ""
            fields: list[str] = []
            try:
                fields = next(reader)
                if not fields:
                    continue
                if len(fields) != len(self._header):
                    fault = f"has {len(fields)} fields, and the header {len(self._header)}"
            except StopIteration:
                return
            except csv.Error as error:
                fault = f"is not CSV: {error}"
                # Its other lines may be rows of their own, which a quotation mark has swallowed.
                again += lines.offset - lines.next_line[0]
                if again <= READ_AGAIN * lines.offset + LONGEST_ROW:
                    lines.leave_row()
            if fault and too_long:
                continue  # another line of the row that is too long
            too_long = lines.too_long
            if fault:
                self.index.add_stray(self.index.add(start, line, "", fault))
                self.unkeyed += 1
                continue
            cells = dict(zip(self._header, fields, strict=True))
            if lines.flawed:
                column, fault = self._flaw(cells)
            number = self.index.add(start, line, column, fault)
            self._place(number, Row(self.file.name, line, cells, "", self._options.decimal), key)

    def _flaw(self, cells: dict[str, str]) -> tuple[str, str]:
        """Return the column of *cells* that is not text, and what is wrong with it."""
        for column, cell in cells.items():
            if flaw := flaw_in(cell, self._options.encoding):
                return column, flaw
        return "", f"contains bytes that are not {self._options.encoding}"

    def _place(self, number: int, row: Row, key: Callable[[Row], str] | None) -> None:
        """Store the parent and the key of a row, as far as they can be read."""
        if self.file.parent:
            parent = joined(row, self.file.parent)
            if sanitized(parent) == parent:
                self.index.place_below(parent, number)
            else:
                self.index.add_stray(number)
        if key is None:
            return
        try:
            name = key(row)
        except Exception:
            self.unkeyed += 1  # reading the row reports why
            return
        if sanitized(name) != name:
            self.unkeyed += 1
            return
        first = self.index.name(name, number)
        if first != number:
            columns = ", ".join(self.file.key)
            shown = ", ".join(row.maybe(column) or "" for column in self.file.key)
            line = self.index.entry(first).line
            self.index.blame(number, f"{shown} is there twice (column {columns}); the first is in line {line}")
