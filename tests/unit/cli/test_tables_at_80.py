"""Every table of every command is readable on a terminal of 80 columns.

The tables are found in the source, with their headings. A new heading needs a realistic cell here.
"""

import ast
import datetime as dt
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import backend.cli
from backend.cli.context import console
from backend.cli.delivery import MEANINGS
from backend.cli.device.tables import print_records
from backend.cli.tables import READABLE, print_table
from sync_protocol.catalogue import COLLECTIONS

WIDTH = 80
SOURCE = Path(backend.cli.__file__).parent
MOMENT = dt.datetime(2026, 11, 30, 7, 22, tzinfo=dt.UTC)
ULID = "01M8NPB5PAZTZ3DMV2A8PFPWWS"
SENTENCE = (
    "The ERP has not accepted it since 2026-11-30 07:22 UTC: the customer is over the credit limit of 50,000.00"
)
CELLS: dict[str, object] = {
    "": "warning",
    "ERP number": "SO-102001",
    "accepted until": MOMENT,
    "action": "enrolment.refused",
    "actor": "address:192.0.2.117",
    "app": "4.12.0 Android 16, Chrome 150",
    "at": "2026-11-30 07:22:01.123 UTC",
    "at position": 12_345_678,
    "browser": "Firefox on Windows",
    "by": "worker:berlin-node-1",
    "bytes": 12_345_678,
    "captured": "2026-11-30 08:22 CET",
    "detail": '{"device": "01M8PEJKXNGD6PCVN9ZJJRXMW7", "name": "Pixel 9 of Anna"}',
    "entry": 12_345,
    "for device": "01M8PEJKXNGD6PCVN9ZJJRXMW7",
    "last request": MOMENT,
    "made": MOMENT,
    "network": "2001:db8:85a3::/64",
    "reference": "516766a148dd",
    "roles": "order_desk, supervisor",
    "signs in with": "password, second factor",
    "territory": "NW",
    "valid until": MOMENT,
    "changes since": 12_345,
    "cause": "number_conflict-29ae3d55f1",
    "channel": "territory:NW",
    "channels": ["territory:NW", "territory:SE", "warehouse:W1"],
    "class": "reject_office",
    "collection": "expense_categories",
    "the ERP's words": SENTENCE,
    "waiting since": MOMENT,
    "why not": SENTENCE,
    "date": "2026-11-30",
    "default": "postgresql+psycopg://satchel@localhost/satchel",
    "device": ULID,
    "devices": 2,
    "difference": "12 records here, 11 there; sums differ",
    "document": "Forecast 2026-12, Hamburg, for Nielsen Schiffswerft Rostock, revision 12 (replaced)",
    "documents": 12_345,
    "due": "2026-12-30",
    "employee": "E001",
    "enrolled": MOMENT,
    "finding": SENTENCE,
    "gross": "12919.12 EUR",
    "id": ULID,
    "began": MOMENT,
    "kind": "expense_claim",
    "oldest": "order 2026-11-30 07:22 UTC, expense_claim 2026-11-30 07:22 UTC (receipt_refused)",
    "received": 12_345_678,
    "refusal": SENTENCE,
    "reported": MOMENT,
    "result": "unavailable",
    "seconds": "123.4",
    "sent": 12_345_678,
    "sha256": "516766a148dd" * 5 + "5167",
    "stored at": MOMENT,
    "unsent": 12_345,
    "last read": MOMENT,
    "last seen": MOMENT,
    "last used": MOMENT,
    "meaning": SENTENCE,
    "name": "Nielsen Schiffswerft Rostock",
    "next try": MOMENT,
    "note": SENTENCE,
    "number": "IN-102001",
    "open": "12919.12 EUR",
    "order": "SO-102001",
    "owner": "office",
    "position": 12_345_678,
    "price": "1234.56 EUR",
    "product": "P-0001",
    "read from the ERP": "2026-11-30 08:22 CET",
    "reason": SENTENCE,
    "records": "12,345",
    "rep": "R12",
    "reserved by": "marta.kowalska",
    "retired sets": 3,
    "role": "sales",
    "rows": 123_456,
    "segments": 42,
    "since": MOMENT,
    "state": "waiting for the office: over the credit limit",
    "status": "warning",
    "step": "awaiting_approval",
    "stock": ["W1 1200", "W2 15"],
    "stream": "territory:NW customers",
    "subject": "reading expense_categories",
    "tombstones": 1_234,
    "tries": 12,
    "type": "credit note",
    "unit": "box",
    "up to position": 12_345_678,
    "used from": MOMENT,
    "variable": "SATCHEL_PARKED_RESERVATION_SECONDS",
    "waiting": "12 days",
    "what to do": SENTENCE,
    "when": MOMENT,
}
DYNAMIC = {"delivery.py:_print_last_runs", "device/tables.py:print_records"}
"""Tables whose headings are computed; each has a test of its own below."""


class FoundTable(NamedTuple):
    """A call of `print_table`: `file:function`, the line, and its headings if they are literals."""

    place: str
    line: int
    headings: tuple[str, ...] | None


def found_tables() -> Iterator[FoundTable]:
    for path in sorted(SOURCE.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef) or function.name == "print_table":
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print_table":
                    place = f"{path.relative_to(SOURCE)}:{function.name}"
                    columns = node.args[1]
                    keys = (
                        tuple(ast.literal_eval(key) for key in columns.keys if key is not None)
                        if isinstance(columns, ast.Dict)
                        else None
                    )
                    yield FoundTable(place, node.lineno, keys)


TABLES = list(found_tables())


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "_width", WIDTH)


def assert_readable(output: str, cells: dict[str, Any]) -> None:
    """Assert that no line is too long, no word is broken or cut, and no sentence is in a thin column."""
    lines = output.splitlines()
    assert max(len(line) for line in lines) <= WIDTH, output
    words = set(output.split())
    for heading, cell in cells.items():
        texts = [str(each) for each in cell] if isinstance(cell, list) else [str(cell)]
        if isinstance(cell, dt.datetime):
            texts = ["2026-11-30 07:22 UTC"]
        for word in " ".join(texts).split():
            assert {word, f"{word},"} & words, f"{heading}: {word} is not whole in\n{output}"
    sentences = max(len(str(cell)) for cell in cells.values())
    assert len(lines) <= 4 + 2 * len(cells) + sentences // READABLE + 1, f"columns too thin:\n{output}"


def test_the_tables_are_found() -> None:
    used = {heading for table in TABLES for heading in table.headings or ()}
    assert CELLS.keys() - used == set(), "a heading that no table has"
    assert {table.place for table in TABLES if table.headings is None} == DYNAMIC


@pytest.mark.parametrize("table", [t for t in TABLES if t.headings], ids=lambda table: table.place)
def test_a_table_is_readable_at_80_columns(table: FoundTable) -> None:
    assert table.headings is not None
    missing = set(table.headings) - CELLS.keys()
    assert not missing, f"give {missing} of {table.place} a realistic cell in CELLS"
    cells = {heading: CELLS[heading] for heading in table.headings}
    with console.capture() as capture:
        print_table([cells], {heading: partial(dict.get, cells, heading) for heading in cells})
    assert_readable(capture.get(), cells)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_the_records_of_a_collection_are_readable_at_80_columns(collection: str) -> None:
    declared = COLLECTIONS[collection]
    fields = declared.columns or tuple(declared.schema().fields)[:6]
    samples = {"name": "Nielsen Schiffswerft Rostock", "title": CELLS["document"], "reason": SENTENCE}
    record = {name: samples.get(name, f"X-{n}234567") for n, name in enumerate(fields)}
    record |= dict.fromkeys({"as_of", "received_at", "updated_at"} & set(fields), "2026-11-30T07:22:00Z")
    with console.capture() as capture:
        print_records(collection, [record], "UTC")
    shown = {name: MOMENT if value == "2026-11-30T07:22:00Z" else value for name, value in record.items()}
    assert_readable(capture.get(), shown)


def test_the_last_reconciliations_are_readable_at_80_columns() -> None:
    cells: dict[str, object] = {"ended": MOMENT, "by": "worker", "settled since": MOMENT}
    cells |= dict.fromkeys(MEANINGS, 1_234)
    with console.capture() as capture:
        print_table([cells], {heading: partial(dict.get, cells, heading) for heading in cells})
    assert_readable(capture.get(), cells)


def test_a_sentence_beside_many_columns_is_not_printed_in_a_thin_column() -> None:
    cells = {"id": ULID, "rep": "R1", "state": "parked", "number": "SO-102001", "reason": SENTENCE}
    cells["document"] = "Order for Nielsen Schiffswerft Rostock, 12 lines"
    with console.capture() as capture:
        print_table([cells], {heading: partial(dict.get, cells, heading) for heading in cells})
    assert "The ERP has not accepted it since" in capture.get()
