"""One bad row among good ones: every good row is read, and the bad one is quarantined with its place."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.connectors.flatfile import connect, mapper
from backend.connectors.flatfile.lines import LONGEST_ROW
from backend.connectors.flatfile.options import ENCODINGS
from backend.ingest.validation import Partitioned, partition
from sync_protocol.catalogue import COLLECTIONS
from tests.unit.connectors.flatfile.handwritten_exports import (
    CATEGORY,
    CUSTOMER,
    LINE,
    ORDER,
    complete_export,
    csv_text,
    put_export,
)

NAME = "20261123T090000Z"
MARK = "MARK"
"""Stands for the hostile cell: no other cell contains it."""

CREDIT = {"customer_id": "C1", "currency": "EUR", "limit": "100", "exposure": "0", "overdue": "0"}
STOCK = {"product_id": "P1", "warehouse_id": "W1", "unit": "piece", "on_hand": "5"}
PRICE = {"price_list_id": "L1", "product_id": "P1", "unit": "piece", "amount": "1", "currency": "EUR"}
PRODUCT = {
    "id": "P1", "name": "Bolt", "kind": "product", "base_unit": "piece", "units": "piece:1",
    "active": "yes", "sellable": "yes",
}  # fmt: skip
RECEIVABLE = {
    "id": "R1", "customer_id": "C1", "type": "invoice", "date": "2026-11-01",
    "amount": "1", "open_amount": "1", "currency": "EUR",
}  # fmt: skip
UNIT = {"id": "piece", "name": "Piece", "category": "count", "factor": "1", "decimals": "0"}

COLUMNS: dict[str, tuple[str, str, Mapping[str, str], str, str]] = {
    "key": ("credit", "credit.csv", CREDIT, "customer_id", "customer_id"),
    "money": ("credit", "credit.csv", CREDIT, "customer_id", "limit"),
    "optional money": ("credit", "credit.csv", CREDIT, "customer_id", "overdue"),
    "currency": ("credit", "credit.csv", CREDIT, "customer_id", "currency"),
    "date": ("credit", "credit.csv", CREDIT, "customer_id", "oldest_due_date"),
    "instant": ("credit", "credit.csv", CREDIT, "customer_id", "as_of"),
    "quantity": ("stock_levels", "stock.csv", STOCK, "product_id", "on_hand"),
    "part of a composite key": ("stock_levels", "stock.csv", STOCK, "product_id", "warehouse_id"),
    "pairs": ("stock_levels", "stock.csv", STOCK, "product_id", "incoming"),
    "number in a composite key": ("prices", "prices.csv", PRICE, "product_id", "min_quantity"),
    "several": ("products", "products.csv", PRODUCT, "id", "barcodes"),
    "flag": ("products", "products.csv", PRODUCT, "id", "active"),
    "word": ("products", "products.csv", PRODUCT, "id", "kind"),
    "text": ("products", "products.csv", PRODUCT, "id", "name"),
    "optional text": ("products", "products.csv", PRODUCT, "id", "sku"),
    "whole number": ("units", "units.csv", UNIT, "id", "decimals"),
    "factor": ("units", "units.csv", UNIT, "id", "factor"),
    "reference": ("receivables", "receivables.csv", RECEIVABLE, "id", "customer_id"),
}
"""By type of the cell: collection, file, a good row, the column in which rows differ, the hostile column."""

HOSTILE: dict[str, bytes] = {
    "28 digits and 20 decimals": b"50000000000000000000." + b"1" * 20,
    "five thousand digits": b"9" * 5000,
    "sixty thousand digits": b"8" * 60_000,
    "not a number": b"NaN",
    "infinity": b"Infinity",
    "an exponent": b"1e999999999",
    "other digits": "١٢".encode(),
    "CESU-8": b"\xed\xa0\xbd\xed\xb8\x80",
    "half of a surrogate pair": b"\xed\xa0\xbd",
    "cp1252": b"\xdcbernachtung",
    "an overlong form": b"\xc0\xaf",
    "a code point that does not exist": b"\xf5\x80\x80\x80",
    "NUL": b"a\0b",
    "a control character": b"a\x1bb",
    "longer than the limit of the csv library": b"x" * 150_000,
    "longer than a row may be": b"x" * (LONGEST_ROW + 1),
    "many lines": b'"' + b"line\n" * 100_000 + b'"',
    "a quotation mark that is not closed": b'"Bolt',
    "a quotation mark in a quoted cell": b'"12" pipe"',
    "a carriage return": b"a\rb",
    "one field more": b"a,b",
    "nested": b"[" * 50_000,
    "a zero-width space": "C​1".encode(),
    "a byte order mark": "C﻿1".encode(),
    "an ideographic space": "C　1".encode(),
    "a right-to-left override": "C‮1".encode(),
    "an unassigned character": "C͸1".encode(),
    "a private character": b"C1",
    "a day that does not exist": b"2026-02-30",
    "the year 99999": b"99999-01-01",
}

FREE = ("key", "text", "optional text", "reference", "part of a composite key", "several")
"""Types that have good values of any form."""


def read(folder: Path, collection: str, files: Mapping[str, str | bytes], **options: str) -> Partitioned:
    put_export(folder, NAME, files, rows=dict.fromkeys(files, 3))
    connector = connect({"folder": str(folder), "collections": collection, **options})
    page = connector.read(collection, None, 100)
    connector.close()
    return partition(COLLECTIONS[collection], page)


@pytest.mark.parametrize("cell", HOSTILE)
@pytest.mark.parametrize("kind", COLUMNS)
def test_a_hostile_cell_costs_its_own_row(tmp_path: Path, kind: str, cell: str) -> None:
    collection, file, row, differs, column = COLUMNS[kind]
    rows = [{**row, differs: f"{row[differs]}_r{n}"} for n in range(3)]
    rows[1] = {**rows[1], column: MARK}
    content = csv_text(file, *rows).encode().replace(MARK.encode(), HOSTILE[cell])
    parts = read(tmp_path, collection, {file: content})
    good = {key for key in parts.good if "_r0" in key or "_r2" in key}
    assert len(good) == 2
    place = f"{file}:3"
    if not parts.bad:
        assert set(parts.good) != good, "neither read nor in quarantine"
        assert kind in FREE
        return
    assert set(parts.good) == good
    [bad] = parts.bad
    assert bad.external_id == place
    error = bad.error
    assert error.startswith(f"{file} line 3")
    named = (f"line 3, column {column}: ", "line 3: is not CSV: ", "line 3: has ", "line 3: id must be a key")
    assert any(words in error for words in named), error
    assert "cannot be read" not in error
    assert "cp1252" not in error
    assert len(error) < 500


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        (
            b"\xed\xa0\xbd\xed\xb8\x80",
            "contains the bytes ED A0 BD ED B8 80: this is CESU-8 and not utf-8.",
        ),
        (
            b"\xdcbernachtung",
            "contains the byte DC, which is not utf-8. Write the cell as utf-8; if",
        ),
        (b"a\0b", "contains a NUL character"),
    ],
)
def test_the_message_names_the_bytes_and_does_not_guess(tmp_path: Path, cell: bytes, sentence: str) -> None:
    rows = [{**CUSTOMER, "id": f"C{n}"} for n in range(3)]
    rows[1] = {**rows[1], "name": MARK}
    content = csv_text("customers.csv", *rows).encode().replace(MARK.encode(), cell)
    files = complete_export("customers", customers=content)
    put_export(tmp_path, NAME, files)
    connector = connect({"folder": str(tmp_path)})
    page = connector.read("customers", None, 100)
    assert [record["id"] for record in page.records] == ["C0", "C2"]
    [bad] = page.bad
    assert bad.error.startswith(f"customers.csv line 3, column name: {sentence}")
    assert page.complete_listing, "the key can be read, so the record is not deleted"
    assert list(connector.keys("customers")) == ["C0", "C1", "C2"]
    connector.close()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_byte_that_is_not_text_costs_one_row_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    rows = [{**CATEGORY, "id": f"c{n}"} for n in range(3)]
    rows[1] = {**rows[1], "name": MARK}
    content = csv_text("expense_categories.csv", *rows).encode("ascii").replace(MARK.encode(), b"a\xff\x81\x00")
    parts = read(tmp_path, "expense_categories", {"expense_categories.csv": content}, encoding=encoding)
    assert list(parts.good) == ["c0", "c2"]
    [bad] = parts.bad
    assert bad.error.startswith("expense_categories.csv line 3, column name: ")


def test_a_damaged_line_of_an_order_costs_this_order(tmp_path: Path) -> None:
    orders = csv_text("orders.csv", ORDER, {**ORDER, "id": "SO-2", "number": "SO-2"})
    lines = csv_text("order_lines.csv", {**LINE, "description": MARK}, {**LINE, "order_id": "SO-2"})
    content = lines.encode().replace(MARK.encode(), b"\xdc")
    put_export(tmp_path, NAME, complete_export("orders", orders=orders, order_lines=content))
    connector = connect({"folder": str(tmp_path)})
    page = connector.read("orders", None, 10)
    assert [record["id"] for record in page.records] == ["SO-2"]
    assert {bad.external_id for bad in page.bad} == {"order_lines.csv:2"}
    assert "orders.csv:2 is not imported" in page.bad[0].error
    assert "contains the byte DC" in page.bad[0].error
    connector.close()


def test_a_fault_of_the_connector_costs_the_row_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_category = mapper.READS["expense_categories"].record

    def fail_once(row: object, parts: object) -> dict[str, object]:
        record = read_category(row, parts)
        if record["id"] == "c1":
            raise RecursionError("maximum recursion depth exceeded")
        return record

    monkeypatch.setitem(mapper.READS, "expense_categories", mapper.Read(fail_once))
    rows = [{**CATEGORY, "id": f"c{n}"} for n in range(3)]
    content = csv_text("expense_categories.csv", *rows)
    parts = read(tmp_path, "expense_categories", {"expense_categories.csv": content})
    assert list(parts.good) == ["c0", "c2"]
    assert parts.bad[0].error == (
        "expense_categories.csv line 3: cannot be read: RecursionError maximum recursion depth exceeded"
    )


@given(cell=st.binary(max_size=40), kind=st.sampled_from(sorted(COLUMNS)))
def test_whatever_bytes_a_cell_has_the_rows_after_it_are_read(
    tmp_path_factory: pytest.TempPathFactory, cell: bytes, kind: str
) -> None:
    collection, file, row, differs, column = COLUMNS[kind]
    rows = [{**row, differs: f"{row[differs]}_r{n}"} for n in range(3)]
    rows[1] = {**rows[1], column: MARK}
    content = csv_text(file, *rows).encode().replace(MARK.encode(), cell)
    parts = read(tmp_path_factory.mktemp("export"), collection, {file: content})
    assert [key for key in parts.good if "_r0" in key]
    assert [key for key in parts.good if "_r2" in key]
    assert parts.bad or len(parts.good) == 3
    assert all(bad.external_id.startswith(f"{file}:") for bad in parts.bad)
