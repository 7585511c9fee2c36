"""What a file may look like: a bad row is named by line and column, a bad file by what to do about it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.connectors.flatfile import connect
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ReadPage
from tests.unit.connectors.flatfile.handwritten_exports import (
    CATEGORY,
    CUSTOMER,
    categories,
    complete_export,
    csv_text,
    put_export,
    validated,
)

NAME = "20261123T090000Z"
HOTEL = {**CATEGORY, "id": "hotel", "name": "Hotel"}


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[FlatFileConnector]:
    connector = connect({"folder": str(tmp_path)})
    yield connector
    connector.close()


def read_raw(folder: Path, content: bytes, **options: str) -> ReadPage:
    """Read expense categories from a file with *content*."""
    put_export(folder, NAME, {"expense_categories.csv": content})
    connector = connect({"folder": str(folder), **options})
    try:
        return connector.read("expense_categories", None, 100)
    finally:
        connector.close()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "column name: is empty; it must have a value"),
        ({"limit_per_line": "12,50"}, "'12,50' has a decimal comma; write 12.50, or set SATCHEL_ERP_DECIMAL=,"),
        ({"limit_per_line": "1,234.50"}, "has separators of thousands"),
        ({"limit_per_line": "twelve"}, "must be a number such as 12.50, not 'twelve'"),
        ({"limit_per_line": "0.12345"}, "column limit_per_line: must be an amount"),
        ({"limit_per_line": "-5"}, "column limit_per_line: must be at least 0, not -5"),
        ({"currency": "EURO"}, "column currency: 'EURO' is not a currency of ISO 4217"),
        ({"currency": "XQX"}, "column currency: 'XQX' is not a currency of ISO 4217"),
        ({"active": "perhaps"}, "column active: must be yes or no"),
        ({"id": "two words"}, "column id: must be a key of 1 to 64 printable characters without spaces"),
        ({"id": "fuel"}, "fuel is there twice (column id); the first is in line 2"),
    ],
)
def test_an_invalid_row_is_reported_and_the_others_are_read(
    tmp_path: Path, connector: FlatFileConnector, change: dict[str, str], sentence: str
) -> None:
    last = {**CATEGORY, "id": "train"}
    put_export(tmp_path, NAME, categories(CATEGORY, {**HOTEL, **change}, last))
    page = validated(connector, "expense_categories")
    assert list(page.good) == ["fuel", "train"]
    [bad_row] = page.bad
    assert bad_row.external_id == "expense_categories.csv:3"
    assert bad_row.error.startswith("expense_categories.csv line 3")
    assert sentence in bad_row.error
    assert "Hotel" in bad_row.raw or change.get("name") is not None


def test_an_unknown_value_is_reported_with_the_known_ones(tmp_path: Path, connector: FlatFileConnector) -> None:
    text = csv_text("customers.csv", CUSTOMER, {**CUSTOMER, "id": "C2", "status": "aktiv"})
    put_export(tmp_path, NAME, complete_export("customers", customers=text))
    page = validated(connector, "customers")
    assert list(page.good) == ["C1"]
    assert "column status: must be one of prospect, active, blocked, closed, not 'aktiv'" in page.bad[0].error


def test_a_row_with_too_few_fields_makes_the_listing_incomplete(tmp_path: Path) -> None:
    content = csv_text("expense_categories.csv", CATEGORY, HOTEL).replace("hotel,Hotel,EUR", "hotel,Hotel")
    page = read_raw(tmp_path, content.encode())
    assert [record["id"] for record in page.records] == ["fuel"]
    assert "line 3: has 5 fields, and the header 6" in page.bad[0].error
    assert not page.complete_listing
    connector = connect({"folder": str(tmp_path)})
    with pytest.raises(ErpError, match="have no valid key"):
        list(connector.keys("expense_categories"))
    connector.close()


def test_keys_include_rows_that_cannot_be_translated(tmp_path: Path, connector: FlatFileConnector) -> None:
    put_export(tmp_path, NAME, categories(CATEGORY, {**HOTEL, "currency": "?"}))
    page = connector.read("expense_categories", None, 100)
    assert [record["id"] for record in page.records] == ["fuel"]
    assert list(connector.keys("expense_categories")) == ["fuel", "hotel"]


@pytest.mark.parametrize(
    ("content", "options", "sentence"),
    [
        (b"", {}, "expense_categories.csv is empty"),
        (b"id,name,currency\nfuel,Fuel,EUR\n", {}, "has no column limit_per_line, receipt_above, active"),
        (
            csv_text("expense_categories.csv", CATEGORY, delimiter=";").encode(),
            {},
            "has ';' between its columns and not ','; set SATCHEL_ERP_DELIMITER=;",
        ),
        (
            csv_text("expense_categories.csv", CATEGORY).replace("id,", "Schlüssel,", 1).encode("cp1252"),
            {},
            "line 1 contains the byte FC, which is not utf-8. Write the cell as utf-8; if the whole",
        ),
        (csv_text("expense_categories.csv", CATEGORY).encode("utf-16-le"), {}, "line 1 contains NUL bytes"),
        (
            b"\xef\xbb\xbf" + csv_text("expense_categories.csv", CATEGORY).encode(),
            {"encoding": "cp1252"},
            "set SATCHEL_ERP_ENCODING=utf-8",
        ),
        (b"id,name,id\n1,2,3\n", {}, "has no column"),
    ],
)
def test_an_invalid_file_is_one_error_with_advice(
    tmp_path: Path, content: bytes, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ErpError) as caught:
        read_raw(tmp_path, content, **options)
    assert sentence in caught.value.message
    assert "expense_categories.csv" in caught.value.message
    assert caught.value.error_class is ErrorClass.REJECT_OFFICE, "the collections of other files are read"


def test_a_quotation_mark_that_is_not_closed_costs_one_row(tmp_path: Path) -> None:
    content = csv_text("expense_categories.csv", CATEGORY, HOTEL, {**CATEGORY, "id": "train"})
    content = content.replace("hotel,Hotel", 'hotel,"Hotel')
    put_export(tmp_path, NAME, {"expense_categories.csv": content}, rows={"expense_categories.csv": 3})
    connector = connect({"folder": str(tmp_path)})
    page = connector.read("expense_categories", None, 10)
    assert [record["id"] for record in page.records] == ["fuel", "train"]
    assert [bad.external_id for bad in page.bad] == ["expense_categories.csv:3"]
    assert "hotel" in page.bad[0].raw and "train" not in page.bad[0].raw
    assert not page.complete_listing
    connector.close()


def test_fewer_rows_than_the_manifest_says_stop_a_file_without_a_damaged_row(tmp_path: Path) -> None:
    content = csv_text("expense_categories.csv", CATEGORY, HOTEL)
    put_export(tmp_path, NAME, {"expense_categories.csv": content}, rows={"expense_categories.csv": 3})
    connector = connect({"folder": str(tmp_path)})
    with pytest.raises(ErpError, match="has 2 rows and its manifest says 3; check for quotation marks"):
        connector.read("expense_categories", None, 10)
    connector.close()


def test_bom_extra_columns_and_blank_lines_are_ignored(tmp_path: Path) -> None:
    text = "﻿Active,ID,Name,Currency,Limit_per_line,Receipt_above,Colour\r\n\r\nyes, fuel ,Fuel,EUR,,,red\r\n"
    page = read_raw(tmp_path, text.encode())
    assert page.bad == ()
    assert page.records[0]["id"] == "fuel"


def test_a_configured_csv_dialect_is_read(tmp_path: Path) -> None:
    row = {**CATEGORY, "name": "Übernachtung", "limit_per_line": "150,50"}
    content = csv_text("expense_categories.csv", row, delimiter="\t").encode("cp1252")
    page = read_raw(tmp_path, content, encoding="windows-1252", delimiter="tab", decimal=",")
    assert (page.records[0]["name"], page.records[0]["limit_per_line"]) == ("Übernachtung", "150.50")


@pytest.mark.parametrize(
    "name", ["=1+1", "+49", "-x", "@sum", 'He said "no"', "two\nlines", "semi;colon,comma"]
)
def test_text_that_looks_like_a_formula_is_read_as_text(tmp_path: Path, name: str) -> None:
    page = read_raw(tmp_path, csv_text("expense_categories.csv", {**CATEGORY, "name": name}, HOTEL).encode())
    assert [record["name"] for record in page.records] == [name, "Hotel"]


@pytest.mark.parametrize(
    ("given", "wire"),
    [("012.50", "12.50"), ("+3", "3"), (".5", "0.5"), ("7.", "7"), ("12.500000", "12.5000"), ("-0", "0")],
)
def test_numbers_have_the_form_of_the_wire(tmp_path: Path, given: str, wire: str) -> None:
    page = read_raw(
        tmp_path, csv_text("expense_categories.csv", {**CATEGORY, "limit_per_line": given}).encode()
    )
    assert page.records[0]["limit_per_line"] == wire
