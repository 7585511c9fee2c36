"""Handing documents over: whole or not at all, one name for one content, and again without harm."""

import csv
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from ulid import ULID

from backend.connectors.flatfile import connect
from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ForecastLine, ReceiptFile
from backend.failpoints import FailpointRaised
from backend.sample_erp.run import opened
from sync_protocol.submission import State
from tests.unit.connectors.flatfile.flatfile_fixture import (
    RECEIPT,
    FlatFileFixture,
    claim_body,
    document,
    order_body,
    receipt_file,
)

KEY = "01KASEP88YA3C8WXMW27FC1VNK"


def written(files: FlatFileFixture) -> dict[str, bytes]:
    """Return what lies in to_erp."""
    return {path.name: path.read_bytes() for path in (files.folder / "to_erp").iterdir()}


def test_an_order_is_one_row_a_line_with_a_manifest(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    flatfile.create(document("order", order_body(), key=KEY))
    there = written(files)
    assert set(there) == {f"ORDER_{KEY}.csv", f"ORDER_{KEY}.manifest.json"}
    content = there[f"ORDER_{KEY}.csv"]
    first, second = csv.DictReader(io.StringIO(content.decode()))
    assert (first["satchel_key"], first["customer_id"], first["employee_number"]) == (KEY, "C0001", "E1001")
    assert (second["line_no"], second["quantity"], second["discount_percent"]) == ("2", "10", "5")
    assert (first["captured_at"], first["captured_on"]) == ("2026-11-23T08:59:00Z", "2026-11-23")
    manifest = json.loads(there[f"ORDER_{KEY}.manifest.json"])
    assert manifest["files"] == {f"ORDER_{KEY}.csv": {"rows": 2, "sha256": hashlib.sha256(content).hexdigest()}}


def test_a_claim_has_its_receipts_beside_it_under_generated_names(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    flatfile.create(document("expense_claim", claim_body(), receipt_file(), key=KEY))
    there = written(files)
    name = f"EXPENSE_CLAIM_{KEY}_{hashlib.sha256(RECEIPT).hexdigest()[:8]}.pdf"
    assert there[name] == RECEIPT
    [row] = csv.DictReader(io.StringIO(there[f"EXPENSE_CLAIM_{KEY}.csv"].decode()))
    assert row["receipts"] == name


def test_the_same_document_again_leaves_the_files_untouched(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    first = flatfile.create(document("order", order_body(), key=KEY))
    before = written(files)
    assert flatfile.create(document("order", order_body(), key=KEY)) == first
    assert written(files) == before


def test_another_document_with_the_same_key_is_refused(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    flatfile.create(document("order", order_body(), key=KEY))
    before = written(files)
    with pytest.raises(ErpError) as caught:
        flatfile.create(document("order", order_body(notes="other"), key=KEY))
    assert caught.value.error_class is ErrorClass.DUPLICATE_BAD
    assert written(files) == before


def test_a_foreign_file_is_never_overwritten(files: FlatFileFixture, flatfile: FlatFileConnector) -> None:
    path = files.folder / "to_erp" / f"ORDER_{KEY}.csv"
    path.write_text("somebody else's")
    with pytest.raises(ErpError, match="with other content") as caught:
        flatfile.create(document("order", order_body(), key=KEY))
    assert caught.value.error_class is ErrorClass.DUPLICATE_BAD
    assert path.read_text() == "somebody else's"


@pytest.mark.parametrize("point", ["flatfile.before_document", "flatfile.before_manifest"])
def test_without_its_manifest_a_document_is_not_handed_over(
    files: FlatFileFixture, flatfile: FlatFileConnector, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    claim = document("expense_claim", claim_body(), receipt_file(), key=KEY)
    monkeypatch.setenv("SATCHEL_FAILPOINTS", f"{point}=raise")
    with pytest.raises(FailpointRaised):
        flatfile.create(claim)
    assert flatfile.find("expense_claim", KEY) == []
    files.work()
    assert files.count("expense_claim", KEY) == 0
    monkeypatch.delenv("SATCHEL_FAILPOINTS")
    flatfile.create(claim)
    files.work()
    assert files.count("expense_claim", KEY) == 1


def test_a_process_after_a_killed_one_completes_the_document_once(files: FlatFileFixture) -> None:
    script = (
        "from tests.unit.connectors.flatfile.flatfile_fixture import document, order_body\n"
        "from backend.connectors.flatfile import connect\n"
        f"connect({{'folder': {str(files.folder)!r}}}).create(document('order', order_body(), key={KEY!r}))\n"
    )
    for point in ("before_document", "before_manifest", "after_manifest"):
        environ = {**os.environ, "SATCHEL_FAILPOINTS": f"flatfile.{point}=kill"}
        killed = subprocess.run([sys.executable, "-c", script], env=environ, check=False, cwd=Path.cwd())
        assert killed.returncode == -signal.SIGKILL
    connector = files.connect()
    assert len(connector.find("order", KEY)) == 1
    connector.close()
    files.work()
    assert files.count("order", KEY) == 1


def test_a_damaged_receipt_is_not_handed_over(files: FlatFileFixture, flatfile: FlatFileConnector) -> None:
    sound = receipt_file()
    damaged = ReceiptFile(
        sound.sha256, sound.sha256, sound.media_type, sound.name, 3, lambda: io.BytesIO(b"abc")
    )
    with pytest.raises(ErpError, match="One of its receipts is damaged on the server") as caught:
        flatfile.create(document("expense_claim", claim_body(), damaged, key=KEY))
    assert caught.value.error_class is ErrorClass.REJECT_OFFICE
    assert flatfile.find("expense_claim", KEY) == []


def test_a_missing_receipt_is_reported(flatfile: FlatFileConnector) -> None:
    with pytest.raises(ErpError, match="One of its receipts is missing on the server") as caught:
        flatfile.create(document("expense_claim", claim_body(), key=KEY))
    assert "sha256:" in caught.value.raw and "Restore the receipt" in caught.value.advice


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+49 170", "-10 %", "@you"])
def test_free_text_is_not_written_as_a_formula(
    files: FlatFileFixture, flatfile: FlatFileConnector, text: str
) -> None:
    body = order_body(notes=text)
    body["lines"][0]["notes"] = text
    flatfile.create(document("order", body, key=KEY))
    row = next(csv.DictReader(io.StringIO(written(files)[f"ORDER_{KEY}.csv"].decode())))
    assert (row["notes"], row["line_notes"]) == (f"'{text}", f"'{text}")


def test_the_erps_csv_dialect_is_used_for_writing(files: FlatFileFixture) -> None:
    options = {"folder": str(files.folder), "encoding": "cp1252", "delimiter": ";", "decimal": ","}
    connector = connect(options)
    connector.create(document("order", order_body(notes="Tür links"), key=KEY))
    [row, _] = csv.DictReader(io.StringIO(written(files)[f"ORDER_{KEY}.csv"].decode("cp1252")), delimiter=";")
    assert (row["unit_price"], row["notes"]) == ("12,50", "Tür links")
    with pytest.raises(ErpError, match="“notes” contains '你', which the ERP cannot read") as caught:
        connector.create(document("order", order_body(notes="你好")))
    assert "cp1252" in caught.value.raw and "SATCHEL_ERP_ENCODING" in caught.value.advice
    connector.close()


def test_a_key_that_is_no_ulid_never_becomes_a_path(flatfile: FlatFileConnector) -> None:
    with pytest.raises(ErpError, match="is not a ULID"):
        flatfile.find("order", "../../etc/passwd")


def test_an_order_that_the_erp_lost_without_an_answer_is_unknown(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    order = document("order", order_body(), key=KEY)
    erp_document = flatfile.create(order)
    assert flatfile.advance(order, erp_document).state is State.HANDED_OVER
    for path in (files.folder / "to_erp").iterdir():
        path.unlink()
    with pytest.raises(ErpError) as caught:
        flatfile.advance(order, erp_document)
    assert caught.value.error_class is ErrorClass.UNKNOWN


def test_a_document_that_the_erp_moved_to_the_archive_itself_is_found_there(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    flatfile.create(document("order", order_body(), key=KEY))
    for path in (files.folder / "to_erp").iterdir():
        path.rename(files.folder / "archive" / path.name)
    assert len(flatfile.find("order", KEY)) == 1
    assert flatfile.create(document("order", order_body(), key=KEY)).state == "waiting"
    assert written(files) == {}


def lines(*quantities: str, warehouse: str = "W1") -> list[ForecastLine]:
    """Return a forecast of products P0001, P0002, … with *quantities*."""
    return [
        ForecastLine(warehouse, "2026-12", f"P{number:04d}", "piece", Decimal(quantity))
        for number, quantity in enumerate(quantities, 1)
    ]


def forecasts(files: FlatFileFixture) -> list[str]:
    return sorted(name for name in written(files) if name.endswith(".csv"))


def test_a_forecast_with_the_same_sums_is_written_once(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    flatfile.upsert_forecast(lines("5", "7"))
    before = written(files)
    flatfile.upsert_forecast(reversed(lines("5.0", "7.00")))
    assert written(files) == before
    assert len(forecasts(files)) == 1


def test_a_sum_that_returns_to_an_earlier_value_is_handed_over_again(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    for quantity in ("5", "8", "5"):
        flatfile.upsert_forecast(lines(quantity))
        files.work()
        list(flatfile.acknowledgements())  # which archives what was taken
    flatfile.upsert_forecast(lines("5"))
    assert forecasts(files) == []
    archived = sorted(
        path.name for path in (files.folder / "archive" / "forecast-2026-12").glob("FORECAST*.csv")
    )
    assert [name.split("_")[3] for name in archived] == ["000001", "000002", "000003"]


def test_the_erp_keeps_the_sum_of_the_highest_number(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    flatfile.upsert_forecast(lines("5"))
    flatfile.upsert_forecast(lines("8"))
    files.work()
    assert stored(files) == {"P0001": "8"}


def stored(files: FlatFileFixture) -> dict[str, str]:
    """Return the sample ERP's forecast."""
    with opened(files.folder) as (_, db):
        return {row["product_id"]: row["quantity"] for row in db.rows("SELECT * FROM forecasts")}


def test_a_forecast_broken_off_before_its_manifest_is_finished_under_the_same_name(
    files: FlatFileFixture, flatfile: FlatFileConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SATCHEL_FAILPOINTS", "flatfile.before_manifest=raise")
    with pytest.raises(FailpointRaised):
        flatfile.upsert_forecast(lines("5"))
    monkeypatch.delenv("SATCHEL_FAILPOINTS")
    flatfile.upsert_forecast(lines("5"))
    assert len(forecasts(files)) == 1
    files.work()
    assert stored(files) == {"P0001": "5"}


def test_a_warehouse_with_a_strange_code_makes_a_plain_file_name(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    erp_document = flatfile.upsert_forecast(lines("5", warehouse="../W/1"))
    assert erp_document["P0001"].external_id == "FC/..%2FW%2F1/2026-12/P0001"
    [name] = forecasts(files)
    assert name.startswith("FORECAST_..%2FW%2F1_2026-12_000001_")


def test_a_forecast_for_two_months_at_once_is_refused(flatfile: FlatFileConnector) -> None:
    mixed = [*lines("5"), *lines("5", warehouse="W2")]
    with pytest.raises(ErpError, match="for one warehouse and month"):
        flatfile.upsert_forecast(mixed)
    assert flatfile.upsert_forecast([]) == {}


def test_documents_of_one_millisecond_are_not_confused(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    first, second = str(ULID()), str(ULID())
    flatfile.create(document("order", order_body(), key=first))
    assert flatfile.find("order", second) == []
    assert flatfile.find("expense_claim", first) == []
