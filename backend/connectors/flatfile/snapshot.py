"""One collection in one drop, open for reading: rows become records, and what cannot be taken is named."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from backend.clock import instant
from backend.connectors.flatfile.exports import Export
from backend.connectors.flatfile.files import (
    ADDRESSES,
    COLLECTION_FILES,
    DELIVERIES,
    DELIVERY_LINES,
    INVOICES,
    ORDER_LINES,
    File,
)
from backend.connectors.flatfile.mapping import MAPPERS, key_of
from backend.connectors.flatfile.mapping.parts import Parts
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.row import BadCell, Row
from backend.connectors.flatfile.table import Table
from backend.erp.records import BadRow
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.errors import Fault

PART = re.compile(r"(addresses|lines|deliveries|invoices)\[(\d+)\]")
PART_FILES: dict[str, File] = {
    "addresses": ADDRESSES,
    "lines": ORDER_LINES,
    "deliveries": DELIVERIES,
    "invoices": INVOICES,
}
MAX_ORPHANS = 200
PLACE = re.compile(r"([a-z_]+\.csv):(\d{1,9})")


class Snapshot:
    """All rows of *collection* in *drop*. Opening it verifies and indexes its files; raises `ErpError`."""

    def __init__(self, drop: Export, collection: str, options: Options) -> None:
        self.drop = drop
        self.collection = collection
        self.content = drop.fingerprint(collection, options.dialect)
        self._files = COLLECTION_FILES[collection]
        self._tables: dict[str, Table] = {}
        try:
            for file in self._files:
                drop.verify(file)
            for file in self._files:
                main = file is self._files[0]
                # Lines of deliveries name their delivery, so those are found by their ids too.
                key = key_of(collection) if main else _id if file is DELIVERIES else None
                rows = drop.manifest.files[file.name].rows
                self._tables[file.name] = Table(drop.path / file.name, file, rows, options, key, unique=main)
        except BaseException:
            self.close()
            raise
        self._main = self._tables[self._files[0].name]
        self._parts = Parts(self._tables, instant(drop.manifest.generated_at))

    def __len__(self) -> int:
        return len(self._main)

    def keys_after(self, key: str) -> Sequence[str]:
        """Return some keys above *key*, ascending, those of rows that cannot be translated included: they
        exist. None are left when it is empty."""
        return self._main.index.keys_after(key)

    @property
    def unkeyed(self) -> int:
        """How many rows there are of which not even the key is known; the listing has holes then."""
        return self._main.unkeyed

    def close(self) -> None:
        """Let go of the files."""
        for table in self._tables.values():
            table.close()

    def records(self, start: int, end: int) -> tuple[list[dict[str, Any]], list[BadRow]]:
        """Return the records of rows *start* to *end* (not included), and the rows that gave none."""
        records: list[dict[str, Any]] = []
        bad: list[BadRow] = []
        for number in range(start, min(end, len(self))):
            try:
                records.append(self._record(number))
            except BadCell as error:
                bad.append(BadRow(error.row.place, str(error), error.row.raw))
        return records, bad

    def again(self, names: Sequence[str]) -> tuple[list[dict[str, Any]], list[BadRow]]:
        """Return the records, and the rows that give none, of *names*: keys, or places of rows.

        A place in another file than the first stands for the row of the first that it belongs to.
        """
        records: list[dict[str, Any]] = []
        bad: list[BadRow] = []
        wanted: set[int] = set()
        for name in names:
            place = PLACE.fullmatch(name)
            if place is None or place[1] not in self._tables:
                number = self._main.index.number(name)
                wanted |= set() if number is None else {number}
                continue
            table = self._tables[place[1]]
            number = table.index.at_line(int(place[2]))
            if number is None:
                continue
            try:
                wanted.add(number if table is self._main else self._above(table, number))
            except BadCell as error:
                bad.append(BadRow(name, str(error), error.row.raw))
        for number in sorted(wanted):
            more, worse = self.records(number, number + 1)
            records += more
            bad += worse
        return records, bad

    def _above(self, table: Table, number: int) -> int:
        """Return the row of the first file that row *number* of *table* belongs to; raises `BadCell`."""
        row = table.row(number)
        above = self._table_above(table.file)
        found = above.index.number(row.text(table.file.parent))
        if found is None:
            raise BadCell(row, table.file.parent, _nowhere(row, table.file))
        return found if above is self._main else self._above(above, found)

    def _table_above(self, file: File) -> Table:
        return self._tables[DELIVERIES.name] if file is DELIVERY_LINES else self._main

    def orphans(self) -> list[BadRow]:
        """Return the rows of the other files that belong to no row of the first, 200 at most."""
        bad: list[BadRow] = []
        for file in self._files[1:]:
            for row in self._damage_and_orphans(file):
                if len(bad) == MAX_ORPHANS:
                    return bad
                bad.append(row)
        return bad

    def _damage_and_orphans(self, file: File) -> Iterator[BadRow]:
        table = self._tables[file.name]
        for number in table.index.damaged():
            try:
                table.row(number)
            except BadCell as error:
                yield BadRow(error.row.place, str(error), error.row.raw)
        for row in self._parts.orphans(file, self._table_above(file)):
            yield BadRow(row.place, str(BadCell(row, file.parent, _nowhere(row, file))), row.raw)

    def _record(self, number: int) -> dict[str, Any]:
        row = self._main.row(number)
        try:
            record = MAPPERS[self.collection](row, self._parts)
        except BadCell as error:
            if error.row.file == row.file:
                raise
            raise BadCell(error.row, "", f"{_sentence(error)}; {row.place} is not taken for it") from None
        faults = COLLECTIONS[self.collection].faults(record)
        if faults:
            raise self._blamed(row, faults[0])
        return record

    def _blamed(self, row: Row, fault: Fault) -> BadCell:
        """Return *fault*, of a field of the record, as one of the cell it came from."""
        part = PART.match(fault.field)
        if part and self.collection in ("customers", "orders"):
            below = self._parts.of(PART_FILES[part[1]], row.text("id"))[int(part[2])]
            field = fault.field[part.end() :].lstrip(".")
            return BadCell(below, "", f"{field} {fault.message}; {row.place} is not taken for it")
        column = fault.field.rpartition(".")[2].partition("[")[0]
        column = "satchel_key" if column == "submission_id" else column
        if column in self._files[0].columns:
            return BadCell(row, column, fault.message)
        return BadCell(row, "", f"{fault.field} {fault.message}")


def _id(row: Row) -> str:
    return row.maybe("id") or ""


def _nowhere(row: Row, file: File) -> str:
    return f"names {row.maybe(file.parent)!r}, which no row of the file above it has"


def _sentence(error: BadCell) -> str:
    """Return what *error* says after the place, which the caller says again."""
    return str(error).removeprefix(f"{error.row.file} line {error.row.line}").lstrip(":, ")
