"""A fault of one file concerns one document: the others are sent, settled and read."""

import datetime as dt
import hashlib
import json
import os
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.connectors.flatfile.layout import FORECAST, bounded_name, forecast_stem, time_of
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ForecastLine
from tests.unit.connectors.flatfile.flatfile_fixture import FlatFileFixture, document, order_body
from tests.unit.connectors.flatfile.test_acknowledgements import OK, OK_2, acknowledge, grow_old, rejected

KEY = "01KASEP88YA3C8WXMW27FC1VNK"
OTHER = "01KASEP88YA3C8WXMW27FC1VNM"
CHINESE = "上海浦东新区外高桥保税区第三综合物流仓储配送中心东区二号库"
DEEP = "[" * 100_000


@pytest.fixture
def two(flatfile: FlatFileConnector, files: FlatFileFixture) -> FlatFileConnector:
    """The connector after two orders were handed over and acknowledged, KEY first."""
    for key in (KEY, OTHER):
        flatfile.create(document("order", order_body(), key=key))
    acknowledge(files, OK, OK_2)
    acknowledge(files, (OTHER, "", "ok", "18", "SO-18", "", ""), key=OTHER)
    return flatfile


def acknowledged(connector: FlatFileConnector) -> list[str]:
    return [acknowledgement.key for acknowledgement in connector.acknowledgements()]


def change_manifest(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    "changes",
    [
        {"lines": [[1]]},
        {"lines": [{"1": 1}]},
        {"lines": [True]},
        {"lines": "1"},
        {"receipts": ["../x"]},
        {"receipts": {"../../x": ""}},
        {"receipts": 5},
        {"document_sha256": [1]},
        {"files": {"a": DEEP}},
        {"files": {"a": {"rows": 10**400, "sha256": []}}},
        {"generated_at": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_strange_manifest_of_one_document_stops_no_other_acknowledgement(
    files: FlatFileFixture, two: FlatFileConnector, changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    change_manifest(files.folder / "to_erp" / f"ORDER_{KEY}.manifest.json", **changes)
    assert acknowledged(two) == [OTHER]
    assert acknowledged(two) == [OTHER]
    assert (files.folder / "acks" / f"ACK_ORDER_{KEY}.csv").exists(), (
        "it can be used once the manifest is right"
    )
    [message] = [r.getMessage() for r in caplog.records if "left where it is" in r.getMessage()]
    assert f"ORDER_{KEY}.manifest.json was changed by somebody else" in message
    assert any("cannot be used and are left there" in note for note in two.check().notes)
    with pytest.raises(ErpError) as caught:
        two.find("order", KEY)
    assert caught.value.error_class is ErrorClass.DUPLICATE_BAD
    assert two.find("order", OTHER)


@pytest.mark.parametrize(
    "text", [DEEP, '{"rows": ' + "1" * 5000 + "}", '{"files": {"\\ud800": 1}}', "\x00", '{"a":' * 5000, "NaN"]
)
def test_a_strange_manifest_of_an_acknowledgement_stops_no_other(
    files: FlatFileFixture, two: FlatFileConnector, text: str
) -> None:
    manifest = files.folder / "acks" / f"ACK_ORDER_{KEY}.manifest.json"
    manifest.write_text(text)
    assert acknowledged(two) == [OTHER]
    grow_old(*(files.folder / "acks").glob(f"*{KEY}*"))
    assert acknowledged(two) == [OTHER]
    assert f"ACK_ORDER_{KEY}.csv" in rejected(files)


@pytest.mark.parametrize(
    "cell", [b"\xed\xa0\xbd\xed\xb8\x80", b"\xdc", b"\0", b'"open', b"x" * 300_000, b"9" * 5000]
)
@pytest.mark.parametrize("column", ["line_no", "status", "erp_number", "reason_text"])
def test_a_hostile_cell_in_an_acknowledgement_stops_no_other(
    files: FlatFileFixture, two: FlatFileConnector, column: str, cell: bytes
) -> None:
    path = files.folder / "acks" / f"ACK_ORDER_{KEY}.csv"
    header, first, *rest = path.read_bytes().splitlines(keepends=True)
    cells = first.rstrip(b"\r\n").split(b",")
    cells[header.decode().strip().split(",").index(column)] = cell
    path.write_bytes(b"".join([header, b",".join(cells) + b"\r\n", *rest]))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    change_manifest(path.with_suffix(".manifest.json"), sha256=sha256)
    keys = acknowledged(two)
    assert OTHER in keys
    if KEY not in keys:
        assert rejected(files)[path.name].startswith((f"{path.name} line 2", f"{path.name} line 3"))
    else:
        assert column in ("erp_number", "reason_text") and cell.isascii()


def test_a_folder_in_place_of_an_acknowledgement_stops_no_other(
    files: FlatFileFixture, two: FlatFileConnector
) -> None:
    manifest = files.folder / "acks" / f"ACK_ORDER_{KEY}.manifest.json"
    manifest.unlink()
    manifest.mkdir()
    assert acknowledged(two) == [OTHER]
    assert any("Is a directory" in note for note in two.check().notes)


def test_an_acknowledgement_with_the_longest_name_is_set_aside(
    files: FlatFileFixture, two: FlatFileConnector
) -> None:
    for letter in "ab":
        name = "ACK_" + "仓" * 82 + letter + ".txt"
        assert len(os.fsencode(name)) > 250
        (files.folder / "acks" / name).write_text("x")
    grow_old(*(files.folder / "acks").glob("*.txt"))
    assert acknowledged(two) == [KEY, OTHER]
    assert not list((files.folder / "acks").glob("*.txt"))
    assert len(rejected(files)) == 2


def test_an_unfinished_acknowledgement_of_tomorrow_is_not_set_aside_at_once(
    files: FlatFileFixture, two: FlatFileConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = files.folder / "acks" / f"ACK_ORDER_{KEY}.csv"
    path.with_suffix(".manifest.json").unlink()
    ahead = dt.datetime(2050, 1, 1, tzinfo=dt.UTC).timestamp()
    os.utime(path, (ahead, ahead))
    assert acknowledged(two) == [OTHER]
    assert path.exists()
    begin = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: begin + 1000)
    assert acknowledged(two) == [OTHER]
    assert "it was not finished in time" in rejected(files)[path.name]


def test_a_warehouse_with_a_long_code_gets_its_forecast(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    assert len(CHINESE) == 29
    codes = [CHINESE, CHINESE[:-1] + "三", "W" * 64, "~" * 64]
    for code in codes:
        flatfile.upsert_forecast([ForecastLine(code, "2026-12", "P0001", "piece", Decimal(5))])
        flatfile.upsert_forecast([ForecastLine(code, "2026-12", "P0001", "piece", Decimal(5))])
    names = [path.name for path in (files.folder / "to_erp").glob("FORECAST_*.csv")]
    assert len(names) == len(codes)
    assert max(len(os.fsencode(f"ACK_{name}.manifest.json.tmp")) for name in names) <= 143
    assert all(FORECAST.fullmatch(name.removesuffix(".csv")) for name in names)


def test_each_warehouse_has_a_file_name_of_its_own() -> None:
    long = forecast_stem(CHINESE, "2026-12")
    code = long.removeprefix("FORECAST_").removesuffix("_2026-12")
    assert forecast_stem(code, "2026-12") != long
    assert forecast_stem(CHINESE[:-1], "2026-12") != long
    assert bounded_name("x" * 220 + "a") != bounded_name("x" * 220 + "b")


def test_a_file_that_cannot_be_written_parks_its_document_and_no_other(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    (files.folder / "to_erp" / f"ORDER_{KEY}.csv.tmp").mkdir()
    with pytest.raises(ErpError) as caught:
        flatfile.create(document("order", order_body(), key=KEY))
    assert caught.value.error_class is ErrorClass.REJECT_OFFICE
    assert not caught.value.no_answer
    assert "Is a directory" in caught.value.message
    assert "Is the share mounted" not in caught.value.message
    assert str(files.folder) not in caught.value.message
    assert flatfile.create(document("order", order_body(), key=OTHER))


def test_a_manifest_that_cannot_be_written_was_not_handed_over(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    (files.folder / "to_erp" / f"ORDER_{KEY}.manifest.json.tmp").mkdir()
    with pytest.raises(ErpError) as caught:
        flatfile.create(document("order", order_body(), key=KEY))
    assert caught.value.error_class is ErrorClass.REJECT_OFFICE
    assert flatfile.find("order", KEY) == []


def test_a_missing_folder_is_still_the_share_that_is_away(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    (files.folder / "to_erp").rename(files.folder / "away")
    with pytest.raises(ErpError) as caught:
        flatfile.create(document("order", order_body(), key=KEY))
    assert caught.value.error_class is ErrorClass.TRANSIENT
    assert caught.value.no_answer


def test_a_file_in_place_of_an_export_hides_no_other(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    newest = max(path.name for path in (files.folder / "from_erp").iterdir())
    name = f"{time_of(newest) + dt.timedelta(hours=1):%Y%m%dT%H%M%SZ}"
    (files.folder / "from_erp" / name).write_text("not a folder")
    page = flatfile.read("units", None, 100)
    assert page.records
    with pytest.raises(ErpError, match=rf"{name}: The file manifest\.json .*: Not a") as caught:
        flatfile.read("units", page.watermark, 100)
    assert caught.value.error_class is ErrorClass.REJECT_OFFICE
