"""`satchel ingest …` as an operator meets it: progress, the quarantine, a retry, a comparison."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from backend.cli import ingest_progress
from backend.cli.context import console
from backend.cli.ingest_progress import EVERY_SECONDS, _Lines, reading_progress
from backend.database.core import Sessions
from backend.feed.changes import live, publish
from sync_protocol.change import Put
from tests.unit.cli.conftest import Satchel
from tests.unit.connectors.flatfile.handwritten_exports import CATEGORY, categories, put_export

HOTEL = {**CATEGORY, "id": "hotel", "name": "Hotel"}


@pytest.fixture
def erp(tmp_path: Path) -> dict[str, str]:
    """A flat-file ERP with one good and one bad row."""
    folder = tmp_path / "erp"
    drop(folder, "20261123T090000Z", currency="EURO")
    return {"SATCHEL_ERP_FOLDER": str(folder), "SATCHEL_ERP_COLLECTIONS": "expense_categories"}


def drop(folder: Path, name: str, **columns: str) -> None:
    put_export(folder, name, categories(CATEGORY, {**HOTEL, **columns}))


def test_ingest_reads_by_default_and_lists_rejected_rows(
    installed: Sessions, satchel: Satchel, erp: dict[str, str]
) -> None:
    result = satchel("ingest", **erp)
    assert result.exit_code == 0, result.output
    assert "expense_categories: 2 read, 1 changed, 1 rejected" in result.output
    assert "expense_categories.csv:3" in result.output and "is not a currency" in result.output
    assert "unknown" not in satchel("ingest", "expense_categories", **erp).output
    wrong = satchel("ingest", "moon_phases", **erp)
    assert wrong.exit_code == 2 and "does not read moon_phases" in wrong.output


def test_quarantine_is_listed_reported_by_doctor_and_retried(
    installed: Sessions, satchel: Satchel, erp: dict[str, str], tmp_path: Path
) -> None:
    assert "No row is in quarantine" in satchel("ingest", "quarantine", **erp).output
    satchel("ingest", **erp)
    listed = satchel("ingest", "quarantine", "--raw", **erp).output
    assert "expense_categories.csv:3" in listed and "EURO" in listed and "1 expense_categories" in listed
    assert "1 expense_categories" in satchel("ingest", "quarantine", "expense_categories", **erp).output
    assert "No row of customers is in quarantine" in satchel("ingest", "quarantine", "customers", **erp).output
    wrong = satchel("ingest", "quarantine", "moon_phases", **erp)
    assert wrong.exit_code == 2 and "moon_phases" in wrong.output
    assert "in quarantine: 1 expense_categories" in satchel("doctor", **erp).output
    assert "1 retried, 0 released, 1 remain" in satchel("ingest", "retry", **erp).output
    drop(tmp_path / "erp", "20261123T100000Z", currency="EUR")
    assert "1 retried, 1 released" in satchel("ingest", "retry", "expense_categories", **erp).output
    assert "No row is in quarantine" in satchel("ingest", "quarantine", **erp).output
    assert "none in quarantine" in satchel("doctor", **erp).output
    with installed() as session:
        assert live(session, "expense_categories", "hotel")


def test_a_comparison_repairs_and_doctor_reports_it(
    installed: Sessions, satchel: Satchel, erp: dict[str, str], tmp_path: Path
) -> None:
    drop(tmp_path / "erp", "20261123T100000Z")
    satchel("ingest", **erp)
    assert "2 compared, 0 had been missed" in satchel("ingest", "compare", **erp).output
    with installed() as session, session.begin():
        right = live(session, "expense_categories", "hotel")
        assert right is not None
        publish(session, [Put("expense_categories", "hotel", {**right, "name": "as it was before"})])
    assert "2 compared, 1 had been missed and are corrected" in satchel("ingest", "compare", **erp).output
    with installed() as session:
        assert json.dumps(live(session, "expense_categories", "hotel")) == json.dumps(right)
    assert "found 1 that incremental" in satchel("doctor", **erp).output


def test_from_start_reads_everything_again(installed: Sessions, satchel: Satchel, erp: dict[str, str]) -> None:
    satchel("ingest", **erp)
    assert "0 read" in satchel("ingest", **erp).output
    assert "2 read, 0 changed" in satchel("ingest", "--from-start", **erp).output


def test_progress_without_a_terminal_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line a page, or a hundred thousand rows would fill a log."""
    out, now = io.StringIO(), [0.0]
    monkeypatch.setattr(ingest_progress, "console", Console(file=out, width=200))
    shown = _Lines(lambda: now[0])
    step = shown.begin("customers")
    for page in range(1, 101):
        now[0] += 0.2
        step(page * 500, 100_000)
    shown.end("customers", 50_000, "50000 read")
    lines = out.getvalue().splitlines()
    assert len(lines) <= 100 * 0.2 / EVERY_SECONDS + 1
    assert lines[0] == "customers: 12,500 of 100,000 read, 2,500 per second"
    assert lines[-1] == "customers: 50000 read"


def test_progress_on_a_terminal_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(ingest_progress, "console", Console(file=out, width=120, force_terminal=True))
    with reading_progress() as shown:
        step = shown.begin("customers")
        step(500, 1000)
        shown.end("customers", 1000, "1000 read")
    assert "1000/1000" in out.getvalue() and "customers: 1000 read" in out.getvalue()
    assert not console.is_terminal, "the tests' own console draws no bars"


def test_a_hostile_row_is_shown_with_its_place_and_its_characters(
    installed: Sessions, satchel: Satchel, erp: dict[str, str], tmp_path: Path
) -> None:
    drop(tmp_path / "erp", "20261123T100000Z", id="[/b]\u202ehotel", currency="EUR")
    done = satchel("ingest", **erp)
    assert done.exit_code == 0, done.output
    place = "expense_categories.csv line 3, column id: must be a key of 1 to 64 printable characters"
    assert place in done.output
    assert "contains U+202E" in done.output
    assert "\u202e" not in done.output
    raw = " ".join(satchel("ingest", "quarantine", "--raw", **erp).output.split())
    assert "[/b]\\u202ehotel" in raw
    doctor = " ".join(satchel("doctor", **erp).output.split())
    assert "in quarantine: 1 expense_categories. The oldest: expense_categories" in doctor


def test_an_export_that_is_dated_ahead_is_told_by_ingest_and_doctor(
    installed: Sessions, satchel: Satchel, erp: dict[str, str], tmp_path: Path
) -> None:
    drop(tmp_path / "erp", "20360101T000000Z", currency="EUR")
    satchel("ingest", **erp)
    again = satchel("ingest", **erp)
    assert "export 20360101T000000Z is not read: its name is not a time up to a day ahead" in again.output
    doctor = " ".join(satchel("doctor", **erp).output.split())
    assert "reading expense_categories" in doctor
    assert "export 20360101T000000Z is not read" in doctor
