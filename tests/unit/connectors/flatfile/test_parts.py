"""Records of several files: their parts belong to one record, and their keys are their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.connectors.flatfile import connect
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.files import ALL_FILES
from tests.unit.connectors.flatfile.handwritten_exports import (
    CUSTOMER,
    LINE,
    ORDER,
    complete_export,
    csv_text,
    put_export,
    validated,
)

NAME = "20261123T090000Z"


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[FlatFileConnector]:
    connector = connect({"folder": str(tmp_path)})
    yield connector
    connector.close()


def orders(**files: str) -> dict[str, str | bytes]:
    return complete_export("orders", **{"orders": csv_text("orders.csv", ORDER), **files})


def test_an_order_with_an_invalid_line_is_rejected_as_a_whole(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
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


def test_a_fault_in_a_part_is_reported_at_the_row_of_the_part(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    address: dict[str, Any] = {"id": "A1", "customer_id": "C1", "uses": "delivery", "country": "Germany"}
    text = csv_text("addresses.csv", {**address, "id": "A0", "country": "DE"}, address)
    put_export(
        tmp_path,
        NAME,
        complete_export("customers", customers=csv_text("customers.csv", CUSTOMER), addresses=text),
    )
    [bad] = validated(connector, "customers").bad
    assert bad.external_id == "addresses.csv:3"
    assert "line 3, column country: must be a country code" in bad.error
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


def test_rows_without_a_parent_are_reported(tmp_path: Path, connector: FlatFileConnector) -> None:
    stray = {**LINE, "order_id": "SO-9"}
    part = {"order_id": "SO-1", "delivery_id": "D9", "line_no": "1", "quantity": "1"}
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
    assert "order_id 'SO-9': no row of orders.csv has this key" in page.bad[0].error
    assert "order_id 'SO-1' and delivery_id 'D9': no row of deliveries.csv has this key" in page.bad[1].error


def test_a_duplicate_line_number_is_reported(tmp_path: Path, connector: FlatFileConnector) -> None:
    put_export(tmp_path, NAME, orders(order_lines=csv_text("order_lines.csv", LINE, LINE)))
    [bad] = connector.read("orders", None, 10).bad
    assert "SO-1, 1 is there twice (column order_id, line_no); the first is in line 2" in bad.error


def test_line_numbers_that_differ_by_a_zero_are_the_same(tmp_path: Path, connector: FlatFileConnector) -> None:
    lines = csv_text("order_lines.csv", LINE, {**LINE, "line_no": "01"})
    put_export(tmp_path, NAME, orders(order_lines=lines))
    [bad] = connector.read("orders", None, 10).bad
    assert bad.external_id == "order_lines.csv:3"
    assert "SO-1, 01 is there twice" in bad.error


def test_orders_that_share_a_delivery_show_their_own_goods(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    delivery = {"id": "D1", "order_id": "SO-1", "number": "DN-1", "status": "done"}
    part = {"order_id": "SO-1", "delivery_id": "D1", "line_no": "1", "product_id": "P1", "quantity": "1"}
    put_export(
        tmp_path,
        NAME,
        complete_export(
            "orders",
            orders=csv_text("orders.csv", ORDER, {**ORDER, "id": "SO-2", "number": "SO-2"}),
            order_lines=csv_text("order_lines.csv", LINE, {**LINE, "order_id": "SO-2"}),
            deliveries=csv_text("deliveries.csv", delivery, {**delivery, "order_id": "SO-2"}),
            delivery_lines=csv_text(
                "delivery_lines.csv", part, {**part, "order_id": "SO-2", "product_id": "P2", "quantity": "7"}
            ),
        ),
    )
    page = connector.read("orders", None, 10)
    assert page.bad == ()
    goods = {
        record["id"]: [(line["product_id"], line["quantity"]) for line in record["deliveries"][0]["lines"]]
        for record in page.records
    }
    assert goods == {"SO-1": [("P1", "1")], "SO-2": [("P2", "7")]}


def test_a_delivery_line_of_an_order_that_the_delivery_does_not_have_is_named(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    delivery = {"id": "D1", "order_id": "SO-1", "status": "done"}
    part = {"order_id": "SO-2", "delivery_id": "D1", "line_no": "1", "product_id": "P1", "quantity": "1"}
    files = orders(
        deliveries=csv_text("deliveries.csv", delivery), delivery_lines=csv_text("delivery_lines.csv", part)
    )
    put_export(tmp_path, NAME, files)
    page = connector.read("orders", None, 10)
    assert page.records[0]["deliveries"][0]["lines"] == []
    [bad] = page.bad
    assert bad.external_id == "delivery_lines.csv:2"
    assert "order_id 'SO-2' and delivery_id 'D1': no row of deliveries.csv has this key" in bad.error


def test_a_fault_in_a_line_of_a_delivery_is_blamed_on_this_line(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    delivery = {"id": "D1", "order_id": "SO-1", "status": "done"}
    part = {"order_id": "SO-1", "delivery_id": "D1", "line_no": "1", "product_id": "P1", "quantity": "1"}
    lines = csv_text("delivery_lines.csv", part, {**part, "line_no": "2", "quantity": "9" * 30})
    put_export(tmp_path, NAME, orders(deliveries=csv_text("deliveries.csv", delivery), delivery_lines=lines))
    [bad] = validated(connector, "orders").bad
    assert bad.external_id == "delivery_lines.csv:3"
    assert "delivery_lines.csv line 3, column quantity: must be a quantity" in bad.error
    assert "orders.csv:2 is not imported" in bad.error


def test_customers_whose_addresses_have_one_id_show_their_own(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    address = {"id": "1", "customer_id": "C1", "uses": "delivery", "city": "Kiel"}
    put_export(
        tmp_path,
        NAME,
        complete_export(
            "customers",
            customers=csv_text("customers.csv", CUSTOMER, {**CUSTOMER, "id": "C2"}),
            addresses=csv_text("addresses.csv", address, {**address, "customer_id": "C2", "city": "Jena"}),
        ),
    )
    parts = validated(connector, "customers")
    assert parts.bad == []
    assert {key: [a["city"] for a in record["addresses"]] for key, record in parts.good.items()} == {
        "C1": ["Kiel"],
        "C2": ["Jena"],
    }


@pytest.mark.parametrize(
    ("collection", "file", "first", "second"),
    [
        ("stock_levels", "stock.csv", {"product_id": "A@B"}, {"product_id": "A", "warehouse_id": "B@W"}),
        ("stock_levels", "stock.csv", {"product_id": "A%40B"}, {"product_id": "A@B"}),
        ("prices", "prices.csv", {"price_list_id": "L/1"}, {"product_id": "1/P"}),
        ("prices", "prices.csv", {"min_quantity": "1"}, {"min_quantity": "1." + "0" * 40 + "1"}),
    ],
)  # fmt: skip
def test_composite_keys_are_one_to_one(
    tmp_path: Path,
    connector: FlatFileConnector,
    collection: str,
    file: str,
    first: dict[str, str],
    second: dict[str, str],
) -> None:
    values = {
        "price_list_id": "L",
        "product_id": "P",
        "warehouse_id": "W",
        "unit": "piece",
        "on_hand": "1",
        "amount": "1",
    }
    values["currency"] = "EUR"
    row = {name: value for name, value in values.items() if name in ALL_FILES[file].columns}
    put_export(tmp_path, NAME, {file: csv_text(file, {**row, **second}, {**row, **first})})
    keys = list(connector.keys(collection))
    assert len(set(keys)) == 2
    assert not [bad for bad in connector.read(collection, None, 10).bad if "there twice" in bad.error]
