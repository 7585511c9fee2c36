"""One data file of an export: indexed once in a temporary file, then read row by row."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from backend.connectors.flatfile.errors import broken_export, setup_fault
from backend.connectors.flatfile.files import File
from backend.connectors.flatfile.index import Index
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.row import BadCell, Row

BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 1 << 22
HINTS = (";", "\t", "|", ",")


class Table:
    """An open data file. *rows* is the number in its manifest; *key* returns the key of a row.

    Raises `ErpError` if the file as a whole is wrong.

    The `index` holds the fault of each bad row: another number of fields than the header, a stray quotation
    mark or, with *unique*, a key that an earlier row has. `unkeyed` counts rows without a valid key.
    """

    def __init__(
        self,
        path: Path,
        file: File,
        rows: int | None,
        options: Options,
        key: Callable[[Row], str] | None = None,
        *,
        unique: bool = True,
    ) -> None:
        self.file = file
        self.index = Index()
        self.unkeyed = 0
        self._options = options
        self._unique = unique
        self._header: list[str] = []
        try:
            self._opened: BinaryIO = path.open("rb")
        except BaseException:
            self.index.close()
            raise
        try:
            self._index(key)
            if rows is not None and len(self) != rows:
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
        lines = _Lines(self._opened, self.file.name, self._options.encoding, entry.start)
        try:
            fields = next(self._reader(lines))
        except csv.Error:
            fields = []
        cells = dict(zip(self._header, fields, strict=False))
        row = Row(self.file.name, entry.line, cells, lines.raw, self._options.decimal)
        if entry.fault:
            raise BadCell(row, "", entry.fault)
        return row

    def _reader(self, lines: "_Lines") -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._options.delimiter, strict=True)

    def _index(self, key: Callable[[Row], str] | None) -> None:
        lines = _Lines(self._opened, self.file.name, self._options.encoding, 0)
        reader = self._reader(lines)
        self._header = self._checked_header(reader)
        parent = self._header.index(self.file.parent) if self.file.parent else -1
        while True:
            start, line = lines.offset, lines.number + 1
            fault = ""
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
            number = self.index.add(start, line, fault)
            if fault:
                self.unkeyed += 1
            elif parent >= 0:
                self.index.place_below(fields[parent].strip(), number)
            if key and not fault:
                cells = dict(zip(self._header, fields, strict=True))
                self._note_key(number, Row(self.file.name, line, cells, "", self._options.decimal), key)

    def _note_key(self, number: int, row: Row, key: Callable[[Row], str]) -> None:
        try:
            name = key(row)
        except BadCell:
            self.unkeyed += 1  # reading the row reports why
            return
        first = self.index.name(name, number)
        if first != number and self._unique:
            columns = ", ".join(self.file.key)
            line = self.index.entry(first).line
            self.index.blame(number, f"{name} is there twice (column {columns}); the first is in line {line}")

    def _checked_header(self, reader: Iterator[list[str]]) -> list[str]:
        name, delimiter = self.file.name, self._options.delimiter
        try:
            header = [cell.strip().lower() for cell in next(reader)]
        except StopIteration:
            raise setup_fault(f"{name} is empty; its first line must name the columns") from None
        except csv.Error as error:
            raise setup_fault(f"{name} line 1 is not CSV: {error}") from None
        missing = [column for column in self.file.columns if column not in header]
        if len(header) == 1 and missing:
            for other in HINTS:
                if other != delimiter and other in header[0]:
                    shown = "tab" if other == "\t" else other
                    raise setup_fault(
                        f"{name} has {shown!r} between its columns and not {delimiter!r}; "
                        f"set SATCHEL_ERP_DELIMITER={shown} or change the export"
                    )
        if missing:
            raise setup_fault(
                f"{name} has no column {', '.join(missing)}; it has {', '.join(header)}. "
                "Add the missing columns to the export; the docs say which of them may be empty"
            )
        twice = sorted({column for column in header if header.count(column) > 1})
        if twice:
            raise setup_fault(f"{name} has the column {', '.join(twice)} twice")
        return header


class _Lines:
    """The decoded lines of a file from an offset on. `offset` is where the next line begins."""

    def __init__(self, opened: BinaryIO, name: str, encoding: str, offset: int) -> None:
        self.offset = offset
        self.number = 0
        self.raw = ""
        self._opened, self._name, self._encoding = opened, name, encoding
        opened.seek(offset)

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        raw = self._opened.readline(LONGEST_LINE + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        if b"\0" in raw:
            raise setup_fault(
                f"{self._name} line {self.number} contains NUL bytes: it is UTF-16 or not text. "
                "Export it as utf-8"
            )
        if len(raw) > LONGEST_LINE:
            raise setup_fault(f"{self._name} line {self.number} is longer than {LONGEST_LINE} bytes")
        begin = len(BOM) if self.offset == 0 and raw.startswith(BOM) else 0
        if begin and self._encoding != "utf-8":
            raise setup_fault(
                f"{self._name} begins as utf-8 (with a BOM), and {self._encoding} is set; "
                "set SATCHEL_ERP_ENCODING=utf-8"
            )
        try:
            text = raw[begin:].decode(self._encoding)
        except UnicodeDecodeError as error:
            raise setup_fault(
                f"{self._name} line {self.number}, byte {begin + error.start + 1} "
                f"(0x{error.object[error.start]:02X}) is not {self._encoding}; export it so, "
                "or set SATCHEL_ERP_ENCODING to what the ERP writes (often cp1252)"
            ) from None
        self.offset += len(raw)
        self.raw += text if len(self.raw) < 4000 else ""
        return text
