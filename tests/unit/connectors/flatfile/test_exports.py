"""Which export is read: the newest valid one, never half of one, never one twice."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.connectors.flatfile import connect
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.testing import read_all
from tests.unit.connectors.flatfile.handwritten_exports import (
    CATEGORY,
    categories,
    complete_export,
    csv_text,
    put_export,
)

FIRST, SECOND, THIRD = "20261123T090000Z", "20261123T091500Z", "20261123T093000Z"
HOTEL = {**CATEGORY, "id": "hotel", "name": "Hotel"}


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[FlatFileConnector]:
    connector = connect({"folder": str(tmp_path)})
    yield connector
    connector.close()


def test_reading_before_the_first_export_is_a_transient_error(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    put_export(tmp_path, FIRST, categories(CATEGORY), manifest=False)
    with pytest.raises(ErpError, match=r"has expense_categories\.csv") as caught:
        connector.read("expense_categories", None, 10)
    assert caught.value.error_class is ErrorClass.TRANSIENT
    assert "there is no finished export" in connector.check().problems[0]


def test_an_export_without_a_manifest_is_not_read(tmp_path: Path, connector: FlatFileConnector) -> None:
    put_export(tmp_path, FIRST, categories(CATEGORY))
    unfinished = put_export(tmp_path, SECOND, categories(CATEGORY, HOTEL), manifest=False)
    records, end = read_all(connector, "expense_categories")
    assert set(records) == {"fuel"}
    assert read_all(connector, "expense_categories", end) == ({}, end)
    assert not [problem for problem in connector.check().problems if SECOND in problem]
    long_ago = time.time() - 3600
    os.utime(unfinished, (long_ago, long_ago))
    assert [
        problem for problem in connector.check().problems if f"{SECOND} has had no manifest.json" in problem
    ]


@pytest.mark.parametrize("fault", ["cut off", "changed", "missing", "rows"])
def test_an_export_that_differs_from_its_manifest_is_reported_and_not_read(
    tmp_path: Path, connector: FlatFileConnector, fault: str
) -> None:
    put_export(tmp_path, FIRST, categories(CATEGORY))
    _, end = read_all(connector, "expense_categories")
    rows = {"expense_categories.csv": 3} if fault == "rows" else None
    broken = put_export(tmp_path, SECOND, categories(CATEGORY, HOTEL), rows=rows) / "expense_categories.csv"
    if fault == "cut off":
        broken.write_bytes(broken.read_bytes()[:-10])
    elif fault == "changed":
        broken.write_bytes(broken.read_bytes().replace(b"150", b"999"))
    elif fault == "missing":
        broken.unlink()
    with pytest.raises(ErpError, match=r"expense_categories\.csv") as caught:
        connector.read("expense_categories", end, 10)
    assert caught.value.error_class is ErrorClass.REJECT_OFFICE
    with pytest.raises(ErpError, match=r"expense_categories\.csv"):
        list(connector.keys("expense_categories"))
    put_export(tmp_path, THIRD, categories(HOTEL))
    records, _ = read_all(connector, "expense_categories", end)
    assert set(records) == {"hotel"}, "the next whole drop heals it"


def test_a_broken_export_does_not_hide_an_older_unread_one(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    put_export(tmp_path, FIRST, categories(CATEGORY))
    (put_export(tmp_path, SECOND, categories(HOTEL)) / "expense_categories.csv").write_bytes(b"id,na")
    page = connector.read("expense_categories", None, 10)
    assert [record["id"] for record in page.records] == ["fuel"]
    assert not page.complete_listing, "what the newest drop holds is not known, so nothing may be swept"
    with pytest.raises(ErpError, match=SECOND):
        connector.read("expense_categories", page.watermark, 10)
    assert SECOND in " ".join(connector.check().problems)


def test_a_manifest_that_is_no_json_is_reported(tmp_path: Path, connector: FlatFileConnector) -> None:
    (put_export(tmp_path, FIRST, categories(CATEGORY)) / "manifest.json").write_text("{half")
    with pytest.raises(ErpError, match=f"export {FIRST}: manifest.json is not JSON"):
        connector.read("expense_categories", None, 10)


def test_files_of_one_collection_come_from_one_export(tmp_path: Path, connector: FlatFileConnector) -> None:
    put_export(tmp_path, FIRST, {"customers.csv": csv_text("customers.csv")})
    with pytest.raises(ErpError, match=r"customers\.csv without addresses\.csv"):
        connector.read("customers", None, 10)


def test_a_collection_may_have_exports_of_its_own(tmp_path: Path, connector: FlatFileConnector) -> None:
    put_export(tmp_path, FIRST, {**categories(CATEGORY), **complete_export("warehouses")})
    put_export(tmp_path, SECOND, complete_export("warehouses", warehouses="id,name\nW1,North\n"))
    assert set(read_all(connector, "expense_categories")[0]) == {"fuel"}
    assert set(read_all(connector, "warehouses")[0]) == {"W1"}


def test_a_file_with_the_same_content_is_not_opened_again(tmp_path: Path, connector: FlatFileConnector) -> None:
    put_export(tmp_path, FIRST, categories(CATEGORY))
    _, end = read_all(connector, "expense_categories")
    connector.close()
    (put_export(tmp_path, SECOND, categories(CATEGORY)) / "expense_categories.csv").unlink()
    page = connector.read("expense_categories", end, 10)
    assert (page.records, page.watermark, page.more) == ((), end, False)


def test_a_changed_dialect_reads_the_same_file_again(tmp_path: Path) -> None:
    text = csv_text("expense_categories.csv", {**CATEGORY, "limit_per_line": "150,00"}, delimiter=";")
    put_export(tmp_path, FIRST, complete_export("expense_categories", expense_categories=text))
    options = {"folder": str(tmp_path), "delimiter": ";"}
    first = connect(options)
    page = first.read("expense_categories", None, 10)
    first.close()
    assert page.records == ()
    assert "decimal comma" in page.bad[0].error
    second = connect({**options, "decimal": ","})
    page = second.read("expense_categories", page.watermark, 10)
    second.close()
    assert page.records[0]["limit_per_line"] == "150.00"


def test_only_the_last_page_is_a_complete_listing(tmp_path: Path, connector: FlatFileConnector) -> None:
    rows = [{**CATEGORY, "id": f"k{number}"} for number in range(5)]
    put_export(tmp_path, FIRST, categories(*rows))
    first = connector.read("expense_categories", None, 3)
    second = connector.read("expense_categories", first.watermark, 3)
    assert (len(first.records), first.more, first.complete_listing) == (3, True, False)
    assert (len(second.records), second.more, second.complete_listing) == (2, False, True)


def test_a_started_reading_continues_in_its_export(tmp_path: Path, connector: FlatFileConnector) -> None:
    rows = [{**CATEGORY, "id": f"k{number}"} for number in range(4)]
    put_export(tmp_path, FIRST, categories(*rows))
    first = connector.read("expense_categories", None, 2)
    put_export(tmp_path, SECOND, categories(HOTEL))
    connector.close()  # as after a restart
    second = connector.read("expense_categories", first.watermark, 2)
    assert [record["id"] for record in second.records] == ["k2", "k3"]
    assert not second.complete_listing, "a newer drop says more"
    third = connector.read("expense_categories", second.watermark, 2)
    assert [record["id"] for record in third.records] == ["hotel"]
    assert third.complete_listing


def test_reading_starts_again_in_the_newest_export_when_its_own_is_deleted(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    rows = [{**CATEGORY, "id": f"k{number}"} for number in range(4)]
    old = put_export(tmp_path, FIRST, categories(*rows))
    first = connector.read("expense_categories", None, 2)
    connector.close()
    for file in old.iterdir():
        file.unlink()
    old.rmdir()
    put_export(tmp_path, SECOND, categories(HOTEL))
    assert set(read_all(connector, "expense_categories", first.watermark)[0]) == {"hotel"}


def test_reading_never_returns_to_an_older_export(tmp_path: Path, connector: FlatFileConnector) -> None:
    put_export(tmp_path, FIRST, categories(CATEGORY))
    newest = put_export(tmp_path, SECOND, categories(HOTEL))
    _, end = read_all(connector, "expense_categories")
    for file in newest.iterdir():
        file.unlink()
    newest.rmdir()
    page = connector.read("expense_categories", end, 10)
    assert (page.records, page.watermark) == ((), end)


def test_an_empty_file_is_an_empty_listing_for_ingest_to_check(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    put_export(tmp_path, FIRST, categories())
    page = connector.read("expense_categories", None, 10)
    assert (page.records, page.more, page.complete_listing) == ((), False, True)
    assert list(connector.keys("expense_categories")) == []


def test_a_watermark_of_another_connector_is_refused(connector: FlatFileConnector) -> None:
    with pytest.raises(ErpError, match="no watermark of the flat-file connector"):
        connector.read("customers", "2026-11-23T09:00:00Z|17", 10)


def test_a_late_export_is_a_note_in_the_health_check(tmp_path: Path) -> None:
    connector = connect({"folder": str(tmp_path), "collections": "expense_categories"})
    put_export(tmp_path, FIRST, categories(CATEGORY), generated_at="2020-01-01T00:00:00Z")
    health = connector.check()
    connector.close()
    assert health.ok
    assert any("hours old" in note for note in health.notes)


@pytest.mark.parametrize("entry", [None, [], {"rows": [1]}, {"rows": 1, "sha256": "short"}, {"rows": True}])
def test_an_invalid_entry_in_a_manifest_stops_its_own_collection(
    tmp_path: Path, connector: FlatFileConnector, entry: Any
) -> None:
    path = put_export(tmp_path, "20261123T090000Z", {**categories(CATEGORY), **complete_export("units")})
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["units.csv"] = entry
    (path / "manifest.json").write_text(json.dumps(manifest))
    assert connector.read("expense_categories", None, 10).records
    with pytest.raises(
        ErpError, match=r"export 20261123T090000Z: manifest\.json: .* of units\.csv must be"
    ) as caught:
        connector.read("units", None, 10)
    assert caught.value.error_class is ErrorClass.REJECT_OFFICE
