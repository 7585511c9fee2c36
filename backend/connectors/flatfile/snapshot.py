"""One collection of one export, open for reading: rows become records or bad rows."""

import json
import logging
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from backend.clock import instant
from backend.connectors.flatfile.csv_source import CsvSource, bad_row
from backend.connectors.flatfile.exports import Export
from backend.connectors.flatfile.files import COLLECTION_FILES, DELIVERIES, DELIVERY_LINES, File, joined
from backend.connectors.flatfile.mapper import READS
from backend.connectors.flatfile.mapping.parts import Parts, orphans
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.row import BadCell, Row
from backend.connectors.flatfile.table import Table
from backend.erp.rows import BadRow

MAX_ORPHANS = 200
PLACE = re.compile(r"([a-z_]+\.csv):(\d{1,9})", re.ASCII)

log = logging.getLogger(__name__)


@dataclass
class Rows:
    """What some rows give: records (not validated) with their sources, and rows that give no record."""

    records: list[dict[str, Any]] = field(default_factory=list)
    sources: list[CsvSource] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


class Snapshot:
    """All rows of *collection* in *export*. Opening verifies and indexes its files. Raises `ErpError`."""

    def __init__(self, export: Export, collection: str, options: Options) -> None:
        self.export = export
        self.collection = collection
        self.content = export.fingerprint(collection, options.dialect)
        self._files = COLLECTION_FILES[collection]
        self._tables: dict[str, Table] = {}
        try:
            for file in self._files:
                export.verify(file)
            for file in self._files:
                key = READS[collection].key if file is self._files[0] else partial(_key, file)
                rows = export.manifest.files[file.name].rows
                self._tables[file.name] = Table(export.path / file.name, file, rows, options, key)
        except BaseException:
            self.close()
            raise
        self._main = self._tables[self._files[0].name]
        self._generated_at = instant(export.manifest.generated_at)

    def __len__(self) -> int:
        return len(self._main)

    def keys_after(self, key: str) -> Sequence[str]:
        """Return some keys above *key*, ascending; an empty list at the end.

        Keys of rows that cannot be mapped are included, because these rows exist.
        """
        return self._main.index.keys_after(key)

    @property
    def unkeyed(self) -> int:
        """Number of rows without a valid key. If there are any, the list of keys is incomplete."""
        return self._main.unkeyed

    def close(self) -> None:
        """Close the files."""
        for table in self._tables.values():
            table.close()

    def records(self, start: int, end: int) -> "Rows":
        """Return what the rows from *start* to *end* (excluded) give."""
        rows = Rows()
        for number in range(start, min(end, len(self))):
            self._add(number, rows)
        return rows

    def again(self, names: Sequence[str]) -> "Rows":
        """Return what the rows of *names* give: keys of records, or places of rows such as `customers.csv:17`.

        A place in another file than the first stands for the row of the first file to which it belongs.
        """
        rows = Rows()
        numbers: set[int] = set()
        for name in names:
            place = PLACE.fullmatch(name)
            if place is None or place[1] not in self._tables:
                number = self._main.index.number(name)
                numbers |= set() if number is None else {number}
                continue
            table = self._tables[place[1]]
            number = table.index.at_line(int(place[2]))
            if number is None:
                continue
            try:
                numbers.add(number if table is self._main else self._above(table, number))
            except BadCell as error:
                rows.bad.append(BadRow(name, str(error), error.row.raw))
        for number in sorted(numbers):
            self._add(number, rows)
        return rows

    def _add(self, number: int, rows: "Rows") -> None:
        try:
            record, source = self._record(number)
        except BadCell as error:
            rows.bad.append(bad_row(error))
        else:
            rows.records.append(record)
            rows.sources.append(source)

    def _above(self, table: Table, number: int) -> int:
        """Return the row of the first file that row *number* of *table* belongs to; raises `BadCell`."""
        row = table.row(number)
        above = self._table_above(table.file)
        parent = above.index.number(joined(row, table.file.parent))
        if parent is None:
            raise _no_parent(row, table.file, above.file)
        return parent if above is self._main else self._above(above, parent)

    def _table_above(self, file: File) -> Table:
        return self._tables[DELIVERIES.name] if file is DELIVERY_LINES else self._main

    def orphans(self) -> list[BadRow]:
        """Return the rows of the other files that belong to no row of the first file, at most 200."""
        bad: list[BadRow] = []
        for file in self._files[1:]:
            for row in self._strays_and_orphans(file):
                if len(bad) == MAX_ORPHANS:
                    return bad
                bad.append(row)
        return bad

    def _strays_and_orphans(self, file: File) -> Iterator[BadRow]:
        table = self._tables[file.name]
        for number in table.index.strays():
            try:
                table.row(number)
            except BadCell as error:
                yield bad_row(error)
        above = self._table_above(file)
        for number in orphans(table, above):
            try:
                yield bad_row(_no_parent(table.row(number), file, above.file))
            except BadCell as error:
                yield bad_row(error)

    def _record(self, number: int) -> tuple[dict[str, Any], CsvSource]:
        """Return the record of a row, not validated, and what it was made of; raises `BadCell`."""
        row = self._main.row(number)
        parts = Parts(self._tables, self._generated_at)
        try:
            record = READS[self.collection].record(row, parts)
        except BadCell as error:
            if error.row.file == row.file:
                raise
            raise BadCell(error.row, "", f"{_sentence(error)}; {row.place} is not imported") from None
        except (OSError, sqlite3.Error):
            raise
        except Exception as error:
            log.exception("%s cannot be read", row.place)
            raise BadCell(row, "", f"cannot be read: {type(error).__name__} {error}"[:500]) from error
        return record, CsvSource(row, self._files[0].columns, parts.rows_read)


def _key(file: File, row: Row) -> str:
    """Return the values of the key columns of *row*, each of which must be there, as `joined` does."""
    values = [row.line_number(column) for column in file.key]
    return json.dumps(values, ensure_ascii=False)


def _no_parent(row: Row, file: File, above: File) -> BadCell:
    named = [f"{column} {row.maybe(column)!r}" for column in file.parent]
    return BadCell(row, "", f"{' and '.join(named)}: no row of {above.name} has this key")


def _sentence(error: BadCell) -> str:
    """Return the message of *error* without the place, which the caller adds."""
    return str(error).removeprefix(f"{error.row.file} line {error.row.line}").lstrip(":, ")
