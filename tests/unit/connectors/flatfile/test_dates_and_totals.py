"""The date of a document that is handed over, and the total that the ERP acknowledges."""

import csv
import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal

import pytest

from backend.connectors.flatfile.adapter import FlatFileConnector
from sync_protocol.catalogue import KINDS
from tests.unit.connectors.flatfile.flatfile_fixture import (
    FlatFileFixture,
    claim_body,
    document,
    order_body,
    receipt_file,
)
from tests.unit.connectors.flatfile.test_acknowledgements import (
    COLUMNS,
    KEY,
    OK,
    OK_2,
    acknowledge,
    only,
    rejected,
)
from tests.unit.connectors.flatfile.test_handover import written


@pytest.fixture
def handed_over(flatfile: FlatFileConnector) -> FlatFileConnector:
    """The connector after an order of two lines was handed over under KEY."""
    flatfile.create(document("order", order_body(), key=KEY))
    return flatfile


def test_a_claim_sent_just_after_midnight_has_the_date_of_its_own_zone(
    files: FlatFileFixture, flatfile: FlatFileConnector
) -> None:
    late = dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC)
    claim = replace(
        document("expense_claim", claim_body(), receipt_file(), key=KEY),
        captured_at="2026-12-31T23:30:00Z",
        received_at=late,
        zone="Europe/Berlin",
    )
    flatfile.create(claim)
    content = written(files)[f"EXPENSE_CLAIM_{KEY}.csv"].decode()
    assert {row["captured_on"] for row in csv.DictReader(io.StringIO(content))} == {"2027-01-01"}


@pytest.mark.parametrize(
    ("totals", "total"),
    [(("28.49", "28.49"), Decimal("28.49")), (("28.49", ""), Decimal("28.49")), (("", ""), None)],
)
def test_an_acknowledgement_may_state_the_erps_total(
    files: FlatFileFixture, handed_over: FlatFileConnector, totals: tuple[str, str], total: Decimal | None
) -> None:
    rows = [(*row, stated) for row, stated in zip((OK, OK_2), totals, strict=True)]
    acknowledge(files, *rows, columns=(*COLUMNS, "total"))
    assert only(handed_over).outcome.total == total


@pytest.mark.parametrize(
    ("totals", "words"),
    [
        (("28.49", "28.50"), "two answers"),
        (("much", "much"), "must be a number"),
        (("9" * 5000, ""), "column total: must be an amount"),
        (("28." + "3" * 5000, ""), "must be an amount"),
    ],
)
def test_a_total_that_makes_no_sense_is_set_aside(
    files: FlatFileFixture, handed_over: FlatFileConnector, totals: tuple[str, str], words: str
) -> None:
    rows = [(*row, stated) for row, stated in zip((OK, OK_2), totals, strict=True)]
    acknowledge(files, *rows, columns=(*COLUMNS, "total"))
    assert list(handed_over.acknowledgements()) == []
    assert words in rejected(files)[f"ACK_ORDER_{KEY}.csv"]


@pytest.mark.parametrize("kind", ["order", "expense_claim"])
def test_the_sample_erp_acknowledges_the_total_that_the_rep_was_shown(
    files: FlatFileFixture, flatfile: FlatFileConnector, kind: str
) -> None:
    sent = files.order() if kind == "order" else files.claim()
    flatfile.create(sent)
    files.work()
    declared = KINDS[kind].total
    assert declared is not None
    assert only(flatfile).outcome.total == declared.of(sent.body)
