"""Acknowledgements: read line by line, settled once, and never lost when they are garbage."""

import csv
import hashlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from backend.connectors.flatfile.adapter import FlatFileConnector
from backend.erp.records import Acknowledgement
from sync_protocol.submission import State
from tests.unit.connectors.flatfile.flatfile_fixture import FlatFileFixture, document, order_body

KEY = "01KASEP88YA3C8WXMW27FC1VNK"
OTHER = "01KASEP88YA3C8WXMW27FC1VNM"
COLUMNS = ("key", "line_no", "status", "erp_id", "erp_number", "reason_code", "reason_text")
OK = (KEY, "1", "ok", "17", "SO-17", "", "")
OK_2 = (KEY, "2", "ok", "17", "SO-17", "", "")


def acknowledge(
    files: FlatFileFixture,
    *rows: tuple[str, ...],
    key: str = KEY,
    columns: tuple[str, ...] = COLUMNS,
    **manifest: Any,
) -> Path:
    """Write an acknowledgement by hand; *manifest* overrides what its manifest says, None leaves it out."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([columns, *rows])
    path = files.folder / "acks" / f"ACK_ORDER_{key}.csv"
    path.write_text(out.getvalue(), newline="")
    manifest_body = {"generated_at": "2026-11-23T10:00:00Z", "rows": len(rows)}
    manifest_body["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    if manifest != {"rows": None}:
        path.with_suffix(".manifest.json").write_text(json.dumps({**manifest_body, **manifest}))
    return path


def grow_old(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (time.time() - 7200, time.time() - 7200))


def rejected(files: FlatFileFixture) -> dict[str, str]:
    """Return what lies in rejected/ with the reason beside it."""
    folder = files.folder / "rejected"
    return {
        path.name.removesuffix(".reason.txt"): path.read_text().strip()
        for path in folder.iterdir()
        if path.name.endswith(".reason.txt") and (folder / path.name.removesuffix(".reason.txt")).exists()
    }


@pytest.fixture
def handed_over(flatfile: FlatFileConnector) -> FlatFileConnector:
    """The connector after an order of two lines was handed over under KEY."""
    flatfile.create(document("order", order_body(), key=KEY))
    return flatfile


def only(connector: FlatFileConnector) -> Acknowledgement:
    [answer] = connector.acknowledgements()
    return answer


def test_a_document_with_all_lines_ok_is_accepted_with_the_erps_number(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, OK, OK_2)
    answer = only(handed_over)
    assert (answer.kind, answer.key) == ("order", KEY)
    assert (answer.outcome.state, answer.outcome.number, answer.outcome.external_id) == (
        State.ACCEPTED,
        "SO-17",
        "17",
    )


def test_a_row_without_a_line_number_answers_the_whole_document(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, (KEY, "", "ok", "", "SO-17", "", ""))
    assert only(handed_over).outcome.external_id == "SO-17"


def test_a_refused_line_rejects_the_document_and_names_its_field(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, (KEY, "2", "reject", "", "", "not_for_sale", "Discontinued"), (*OK[:3], "", "", "", ""))
    outcome = only(handed_over).outcome
    assert (outcome.state, outcome.reason, outcome.number) == (State.REJECTED, "Discontinued", None)
    assert outcome.errors == ({"code": "not_for_sale", "field": "lines[1]", "message": "Discontinued"},)
    assert "Discontinued" in (outcome.raw or "")


def test_a_reason_code_of_the_erp_becomes_a_code_of_the_protocol(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, (KEY, "", "reject", "", "", "V1-331", ""))
    assert only(handed_over).outcome.errors == ({"code": "field_invalid", "field": "", "message": "V1-331"},)


def test_a_hold_is_settled_and_a_later_answer_replaces_it(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    hold = (KEY, "", "hold", "17", "SO-17", "credit_limit", "Over the limit")
    acknowledge(files, hold)
    first = only(handed_over)
    assert (first.outcome.state, first.outcome.reason) == (State.ON_HOLD, "Over the limit")
    handed_over.confirm(first.token)
    [erp_document] = handed_over.find("order", KEY)
    assert (erp_document.state, erp_document.number) == ("hold", "SO-17")
    acknowledge(files, OK, OK_2)
    handed_over.confirm(first.token)  # of the older answer: the newer one must stay
    second = only(handed_over)
    assert second.outcome.state is State.ACCEPTED
    handed_over.confirm(second.token)
    order = document("order", order_body(), key=KEY)
    assert handed_over.advance(order, erp_document).state is State.ACCEPTED


def test_a_refused_document_can_be_handed_over_again_under_the_same_name(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, (KEY, "", "reject", "", "", "", "Customer is being set up"))
    handed_over.confirm(only(handed_over).token)
    order = document("order", order_body(), key=KEY)
    assert handed_over.find("order", KEY) == []
    erp_document = handed_over.create(order)
    assert (files.folder / "to_erp" / f"ORDER_{KEY}.manifest.json").exists()
    assert handed_over.advance(order, erp_document).state is State.HANDED_OVER, (
        "the old refusal does not answer it"
    )
    acknowledge(files, OK, OK_2)
    handed_over.confirm(only(handed_over).token)
    assert handed_over.advance(order, erp_document).state is State.ACCEPTED


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([OK], "does not answer line 2"),
        ([OK, OK_2, (KEY, "3", "ok", "17", "SO-17", "", "")], "the document has no line 3"),
        ([OK, OK], "line 1 is answered twice"),
        ([OK, (*OK_2[:4], "SO-18", "", "")], "two answers for one document: SO-17, SO-18"),
        ([OK, (KEY, "2", "maybe", "", "", "", "")], "must be ok, reject or hold, not 'maybe'"),
        ([(OTHER, "", "ok", "17", "SO-17", "", "")], f"is '{OTHER}', and the file answers {KEY}"),
        ([(KEY, "", "ok", "", "", "", "")], "has no erp_number and no erp_id"),
        ([(KEY, "", "hold", "", "", "", "")], "has no erp_number and no erp_id"),
        ([(KEY, "one", "ok", "17", "SO-17", "", "")], "must be a whole number, not 'one'"),
        ([(KEY, "", "ok")], "has 3 fields, and the header 7"),
        ([], "does not answer line 1, 2"),
    ],
)
def test_an_invalid_acknowledgement_is_set_aside_and_its_document_waits_on(
    files: FlatFileFixture, handed_over: FlatFileConnector, rows: list[tuple[str, ...]], reason: str
) -> None:
    acknowledge(files, *rows)
    assert list(handed_over.acknowledgements()) == []
    aside = rejected(files)
    assert set(aside) == {f"ACK_ORDER_{KEY}.csv", f"ACK_ORDER_{KEY}.manifest.json"}
    assert reason in aside[f"ACK_ORDER_{KEY}.csv"]
    health = handed_over.check()
    assert health.ok
    assert any("could not be used" in note for note in health.notes)
    acknowledge(files, OK, OK_2)
    assert only(handed_over).outcome.state is State.ACCEPTED, "the ERP may answer again"


def test_an_acknowledgement_of_an_unknown_document_is_set_aside(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, (OTHER, "", "ok", "9", "SO-9", "", ""), key=OTHER)
    acknowledge(files, OK, OK_2)
    assert only(handed_over).key == KEY
    assert "was never handed over" in rejected(files)[f"ACK_ORDER_{OTHER}.csv"]


@pytest.mark.parametrize("manifest", [{"rows": None}, {"sha256": "0" * 64}, {"generated_at": "noon"}])
def test_an_incomplete_acknowledgement_is_set_aside_after_a_wait(
    files: FlatFileFixture, handed_over: FlatFileConnector, manifest: dict[str, Any]
) -> None:
    path = acknowledge(files, OK, OK_2, **manifest)
    assert list(handed_over.acknowledgements()) == []
    assert path.exists()
    assert rejected(files) == {}
    grow_old(*(files.folder / "acks").iterdir())
    assert list(handed_over.acknowledgements()) == []
    assert "it was not finished in time" in rejected(files)[path.name]


def test_an_acknowledgement_with_too_few_rows_is_invalid(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, OK, OK_2, rows=3)
    assert list(handed_over.acknowledgements()) == []
    assert "has 2 rows and its manifest says 3" in rejected(files)[f"ACK_ORDER_{KEY}.csv"]


def test_a_file_of_another_kind_is_set_aside(files: FlatFileFixture, handed_over: FlatFileConnector) -> None:
    strange = files.folder / "acks" / "todo.csv"
    strange.write_text("x")
    (files.folder / "acks" / "ACK_ORDER_X.csv.tmp").write_text("still being written")
    assert list(handed_over.acknowledgements()) == []
    assert strange.exists(), "it may be on its way to its proper name"
    grow_old(*(files.folder / "acks").iterdir())
    assert list(handed_over.acknowledgements()) == []
    assert set(rejected(files)) == {"todo.csv"}
    assert any("temporary files" in note for note in handed_over.check().notes)


def test_the_same_invalid_file_is_kept_twice(files: FlatFileFixture, handed_over: FlatFileConnector) -> None:
    for _ in range(2):
        acknowledge(files, OK)
        assert list(handed_over.acknowledgements()) == []
    assert {f"ACK_ORDER_{KEY}.csv", f"ACK_ORDER_{KEY}.csv.2"} <= set(rejected(files))


def test_confirming_moves_the_files_to_the_archive_of_the_month(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, OK, OK_2)
    handed_over.confirm(only(handed_over).token)
    assert not list((files.folder / "to_erp").iterdir())
    assert not list((files.folder / "acks").iterdir())
    assert {path.name for path in (files.folder / "archive" / "2025-11").iterdir()} == {
        f"ORDER_{KEY}.csv",
        f"ORDER_{KEY}.manifest.json",
        f"ACK_ORDER_{KEY}.csv",
    }


def test_an_interrupted_archiving_is_finished_the_next_time(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, OK, OK_2)
    month = files.folder / "archive" / "2025-11"
    month.mkdir()
    manifest = files.folder / "to_erp" / f"ORDER_{KEY}.manifest.json"
    manifest.rename(month / manifest.name)  # as far as a killed process came
    answer = only(handed_over)
    assert answer.outcome.state is State.ACCEPTED
    handed_over.confirm(answer.token)
    assert not list((files.folder / "to_erp").iterdir())
    assert (month / f"ORDER_{KEY}.csv").exists()


def test_advance_sees_an_acknowledgement_that_is_not_settled_yet(
    files: FlatFileFixture, handed_over: FlatFileConnector
) -> None:
    acknowledge(files, OK, OK_2)
    order = document("order", order_body(), key=KEY)
    [erp_document] = handed_over.find("order", KEY)
    assert erp_document.external_id == "17"
    assert handed_over.advance(order, erp_document).number == "SO-17"


def test_a_refused_forecast_is_set_aside_and_handed_over_again(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    lines = files.forecast_lines()
    flatfile.upsert_forecast(lines)
    [path] = (files.folder / "to_erp").glob("FORECAST*.csv")
    ack = files.folder / "acks" / f"ACK_{path.name}"
    row = [path.stem, "", "reject", "", "", "", "The month is locked"]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([COLUMNS, row])
    ack.write_text(out.getvalue(), newline="")
    manifest = {
        "generated_at": "2026-11-23T10:00:00Z",
        "rows": 1,
        "sha256": hashlib.sha256(ack.read_bytes()).hexdigest(),
    }
    ack.with_suffix(".manifest.json").write_text(json.dumps(manifest))
    assert list(flatfile.acknowledgements()) == []
    assert "The month is locked" in rejected(files)[ack.name]
    assert not list((files.folder / "to_erp").iterdir())
    flatfile.upsert_forecast(lines)
    [file] = (files.folder / "to_erp").glob("FORECAST*.csv")
    assert "_000002_" in file.name


@pytest.mark.parametrize("place", [3, 4])
def test_an_id_or_number_that_no_database_stores_is_set_aside(
    files: FlatFileFixture, handed_over: FlatFileConnector, place: int
) -> None:
    row = [KEY, "", "ok", "17", "SO-17", "", ""]
    row[place] = "x" * 129
    acknowledge(files, tuple(row))
    assert list(handed_over.acknowledgements()) == []
    [reason] = set(rejected(files).values())
    assert f"column {COLUMNS[place]}: must have at most 128 characters, and has 129" in reason
