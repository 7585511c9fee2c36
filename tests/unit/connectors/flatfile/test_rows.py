"""What a file may look like: a bad row is named by line and column, a bad file by what to do about it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.connectors.flatfile import connect
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ReadPage
from backend.ingest.validation import Partitioned, partition
from sync_protocol.catalogue import COLLECTIONS
from tests.unit.connectors.flatfile.handwritten_exports import (
    CATEGORY,
    CUSTOMER,
    LINE,
    ORDER,
    categories,
    csv_text,
    put_export,
    whole,
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


def validated(connector: FlatFileConnector, collection: str) -> Partitioned:
    """Return a page as ingest sees it. The files are closed first: another collection may be read meanwhile."""
    page = connector.read(collection, None, 100)
    connector.close()
    return partition(COLLECTIONS[collection], page)


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
        ({"id": "two words"}, "column id: must be a key of 1 to 64 characters without spaces"),
        ({"name": "x" * 121}, "column name: must be text of at most 120 characters"),
        ({"id": "fuel"}, "fuel is there twice (column id); the first is in line 2"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_on(
    tmp_path: Path, connector: FlatFileConnector, change: dict[str, str], sentence: str
) -> None:
    last = {**CATEGORY, "id": "train"}
    put_export(tmp_path, NAME, categories(CATEGORY, {**HOTEL, **change}, last))
    page = validated(connector, "expense_categories")
    assert list(page.good) == ["fuel", "train"]
    [bad] = page.bad
    assert bad.external_id == "expense_categories.csv:3"
    assert bad.error.startswith("expense_categories.csv line 3")
    assert sentence in bad.error
    assert "Hotel" in bad.raw or change.get("name") is not None


def test_an_unknown_word_is_named_with_those_there_are(tmp_path: Path, connector: FlatFileConnector) -> None:
    text = csv_text("customers.csv", CUSTOMER, {**CUSTOMER, "id": "C2", "status": "aktiv"})
    put_export(tmp_path, NAME, whole("customers", customers=text))
    page = validated(connector, "customers")
    assert list(page.good) == ["C1"]
    assert "column status: must be one of prospect, active, blocked, closed, not 'aktiv'" in page.bad[0].error


def test_a_row_with_too_few_fields_is_bad_and_makes_the_listing_one_with_holes(tmp_path: Path) -> None:
    content = csv_text("expense_categories.csv", CATEGORY, HOTEL).replace("hotel,Hotel,EUR", "hotel,Hotel")
    page = read_raw(tmp_path, content.encode())
    assert [record["id"] for record in page.records] == ["fuel"]
    assert "line 3: has 5 fields, and the header 6" in page.bad[0].error
    assert not page.complete_listing
    connector = connect({"folder": str(tmp_path)})
    with pytest.raises(ErpError, match="have no valid key"):
        list(connector.keys("expense_categories"))
    connector.close()


def test_keys_names_rows_that_cannot_be_translated_since_they_exist(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
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
            csv_text("expense_categories.csv", {**CATEGORY, "name": "Übernachtung"}).encode("cp1252"),
            {},
            r"line 2, byte 6 (0xDC) is not utf-8",
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
def test_a_bad_file_is_one_error_that_says_what_to_do(
    tmp_path: Path, content: bytes, options: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ErpError) as caught:
        read_raw(tmp_path, content, **options)
    assert sentence in caught.value.message
    assert "expense_categories.csv" in caught.value.message
    assert caught.value.error_class is ErrorClass.CONFIG


def test_a_quotation_mark_that_is_not_closed_is_found_by_the_count_of_rows(tmp_path: Path) -> None:
    content = csv_text("expense_categories.csv", CATEGORY, HOTEL, {**CATEGORY, "id": "train"})
    content = content.replace("hotel,Hotel", 'hotel,"Hotel')
    put_export(tmp_path, NAME, {"expense_categories.csv": content}, rows={"expense_categories.csv": 3})
    connector = connect({"folder": str(tmp_path)})
    with pytest.raises(ErpError, match="has 2 rows and its manifest says 3; check for quotation marks"):
        connector.read("expense_categories", None, 10)
    connector.close()


def test_a_bom_and_other_columns_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    text = "﻿Active,ID,Name,Currency,Limit_per_line,Receipt_above,Colour\r\n\r\nyes, fuel ,Fuel,EUR,,,red\r\n"
    page = read_raw(tmp_path, text.encode())
    assert page.bad == ()
    assert page.records[0]["id"] == "fuel"


def test_another_dialect_is_read_as_it_was_set(tmp_path: Path) -> None:
    row = {**CATEGORY, "name": "Übernachtung", "limit_per_line": "150,50"}
    content = csv_text("expense_categories.csv", row, delimiter="\t").encode("cp1252")
    page = read_raw(tmp_path, content, encoding="windows-1252", delimiter="tab", decimal=",")
    assert (page.records[0]["name"], page.records[0]["limit_per_line"]) == ("Übernachtung", "150.50")


@pytest.mark.parametrize(
    "name", ["=1+1", "+49", "-x", "@sum", 'He said "no"', "two\nlines", "semi;colon,comma"]
)
def test_text_is_text_whatever_it_begins_with(tmp_path: Path, name: str) -> None:
    page = read_raw(tmp_path, csv_text("expense_categories.csv", {**CATEGORY, "name": name}, HOTEL).encode())
    assert [record["name"] for record in page.records] == [name, "Hotel"]


@pytest.mark.parametrize(
    ("given", "wire"),
    [("012.50", "12.50"), ("+3", "3"), (".5", "0.5"), ("7.", "7"), ("12.500000", "12.5000"), ("-0", "0")],
)
def test_numbers_are_written_as_the_wire_wants_them(tmp_path: Path, given: str, wire: str) -> None:
    page = read_raw(
        tmp_path, csv_text("expense_categories.csv", {**CATEGORY, "limit_per_line": given}).encode()
    )
    assert page.records[0]["limit_per_line"] == wire


def orders(**files: str) -> dict[str, str | bytes]:
    return whole("orders", **{"orders": csv_text("orders.csv", ORDER), **files})


def test_an_order_is_taken_whole_or_not_at_all(tmp_path: Path, connector: FlatFileConnector) -> None:
    lines = csv_text("order_lines.csv", LINE, {**LINE, "line_no": "2", "ordered": "many"})
    put_export(tmp_path, NAME, orders(order_lines=lines))
    page = connector.read("orders", None, 10)
    assert page.records == ()
    [bad] = page.bad
    assert bad.external_id == "order_lines.csv:3"
    assert "line 3" in bad.error
    assert "column ordered" in bad.error
    assert "orders.csv:2 is not imported" in bad.error
    assert list(connector.keys("orders")) == ["SO-1"]


def test_a_fault_the_schema_finds_in_a_part_is_blamed_on_the_part(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    address: dict[str, Any] = {"id": "A1", "customer_id": "C1", "uses": "delivery", "country": "Germany"}
    text = csv_text("addresses.csv", {**address, "id": "A0", "country": "DE"}, address)
    put_export(
        tmp_path, NAME, whole("customers", customers=csv_text("customers.csv", CUSTOMER), addresses=text)
    )
    [bad] = validated(connector, "customers").bad
    assert bad.external_id == "addresses.csv:3"
    assert "country must be a country code" in bad.error
    assert "customers.csv:2 is not imported" in bad.error
    assert "Germany" in bad.raw


def test_lines_in_any_order_give_the_same_record(tmp_path: Path, connector: FlatFileConnector) -> None:
    rows = [{**LINE, "line_no": str(number)} for number in (1, 2, 10)]
    put_export(tmp_path, NAME, orders(order_lines=csv_text("order_lines.csv", *rows)))
    [before] = connector.read("orders", None, 10).records
    put_export(tmp_path, "20261123T100000Z", orders(order_lines=csv_text("order_lines.csv", *rows[::-1])))
    [after] = connector.read("orders", None, 10).records
    assert [line["line_no"] for line in after["lines"]] == [1, 2, 10]
    assert before == after


def test_rows_that_belong_to_nothing_are_named(tmp_path: Path, connector: FlatFileConnector) -> None:
    stray = {**LINE, "order_id": "SO-9"}
    part = {"delivery_id": "D9", "line_no": "1", "quantity": "1"}
    put_export(
        tmp_path,
        NAME,
        orders(
            order_lines=csv_text("order_lines.csv", LINE, stray, {**stray, "line_no": "2"}),
            delivery_lines=csv_text("delivery_lines.csv", part),
        ),
    )
    page = connector.read("orders", None, 10)
    assert [record["id"] for record in page.records] == ["SO-1"]
    assert [bad.external_id for bad in page.bad] == ["order_lines.csv:3", "delivery_lines.csv:2"]
    assert "names 'SO-9', which is not the key of a row in the file above it" in page.bad[0].error


def test_a_line_number_that_is_there_twice_is_named(tmp_path: Path, connector: FlatFileConnector) -> None:
    put_export(tmp_path, NAME, orders(order_lines=csv_text("order_lines.csv", LINE, LINE)))
    [bad] = connector.read("orders", None, 10).bad
    assert "'1' is there twice; first in line 2" in bad.error
