"""A time that is more than a day ahead decides nothing, and the operator is told."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.clock import ManualClock
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.options import read_options
from backend.erp.errors import ErpError, ErrorClass
from tests.unit.connectors.flatfile.handwritten_exports import CATEGORY, categories, put_export

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
COLLECTION = "expense_categories"


@pytest.fixture
def connector(tmp_path: Path) -> Iterator[FlatFileConnector]:
    options = read_options({"folder": str(tmp_path), "collections": COLLECTION})
    connector = FlatFileConnector(options, ManualClock(NOW))
    yield connector
    connector.close()


def put(folder: Path, name: str, id: str, generated_at: str = "2026-11-23T09:00:00Z") -> None:
    put_export(folder, name, categories({**CATEGORY, "id": id}), generated_at=generated_at)


def ids(connector: FlatFileConnector, watermark: str | None) -> tuple[list[str], str]:
    page = connector.read(COLLECTION, watermark, 10)
    return [record["id"] for record in page.records], page.watermark


@pytest.mark.parametrize(
    "name", ["20360101T000000Z", "20261124T120001Z", "99999999T999999Z", "20261399T000000Z"]
)
def test_an_export_that_is_dated_ahead_silences_no_later_one(
    tmp_path: Path, connector: FlatFileConnector, name: str
) -> None:
    put(tmp_path, name, "ahead")
    put(tmp_path, "20261123T090000Z", "first")
    read, mark = ids(connector, None)
    assert read == ["first"]
    with pytest.raises(ErpError, match=f"export {name} is not read: its name is not a time") as caught:
        connector.read(COLLECTION, mark, 10)
    assert caught.value.error_class is ErrorClass.REJECT_OFFICE
    put(tmp_path, "20261123T100000Z", "second")
    read, mark = ids(connector, mark)
    assert read == ["second"]
    assert list(connector.keys(COLLECTION)) == ["second"]
    assert [record["id"] for record in connector.reread(COLLECTION, ["second"]).records] == ["second"]


def test_an_export_of_the_next_hours_is_read(tmp_path: Path, connector: FlatFileConnector) -> None:
    put(tmp_path, "20261124T110000Z", "tomorrow")
    assert ids(connector, None)[0] == ["tomorrow"]
    assert connector.check().notes == ()


def test_a_watermark_that_is_ahead_does_not_count(tmp_path: Path, connector: FlatFileConnector) -> None:
    put(tmp_path, "20261123T090000Z", "first")
    mark = json.dumps(["20360101T000000Z", "0123456789abcdef", 1, True])
    assert ids(connector, mark)[0] == ["first"]


def test_a_manifest_that_is_dated_ahead_is_not_read(tmp_path: Path, connector: FlatFileConnector) -> None:
    put(tmp_path, "20261123T090000Z", "first")
    put(tmp_path, "20261123T100000Z", "ahead", generated_at="2036-01-01T00:00:00Z")
    read, mark = ids(connector, None)
    assert read == ["first"]
    with pytest.raises(ErpError, match="generated_at in its manifest is not a time up to a day ahead"):
        connector.read(COLLECTION, mark, 10)
    put(tmp_path, "20261123T110000Z", "second")
    assert ids(connector, mark)[0] == ["second"]


def test_the_operator_is_told_of_an_export_that_is_dated_ahead(
    tmp_path: Path, connector: FlatFileConnector
) -> None:
    put(tmp_path, "20360101T000000Z", "ahead")
    put(tmp_path, "20261123T090000Z", "first")
    [note] = connector.check().notes
    assert "export 20360101T000000Z is not read" in note
    assert "Correct the clock of the ERP" in note
    assert connector.check().server_time == dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
