"""The comparison finds, publishes and counts what reading has missed, and not what changed just now."""

import pytest
from sqlalchemy import update

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.rows import BadRow
from backend.ingest.full_comparison import Comparison, compare
from backend.ingest.models import Watermark
from backend.ingest.schedule import PAGES_A_ROUND, Schedule
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import stock, unit


def check(intake: Intake, collection: str = "units", most_pages: int | None = None) -> Comparison:
    return compare(
        intake.sessions, intake.erp, collection,
        clock=intake.clock, settings=intake.settings, most_pages=most_pages,
    )  # fmt: skip


@pytest.fixture
def five(intake: Intake) -> Intake:
    """Five units, read."""
    intake.erp.say("units", *(unit(f"u{n}") for n in range(5)))
    intake.read()
    return intake


def test_equal_rows_are_left_alone(five: Intake) -> None:
    before = five.head()
    result = check(five)
    assert (result.pages, result.records, result.missed, result.complete) == (3, 5, 0, True)
    assert five.head() == before
    assert five.watermark().compared_at == five.clock.now()


def test_a_missed_change_is_published_and_counted(five: Intake, caplog: pytest.LogCaptureFixture) -> None:
    five.erp.silently = {"units": {"u3": unit("u3", "changed behind the stamp")}}
    assert five.read().changed == 0, "reading cannot know"
    assert check(five).missed == 1
    assert five.record("units", "u3") == unit("u3", "changed behind the stamp")
    assert "units of scripted: 1 records had changed and were missed" in caplog.text
    assert five.watermark().compare_missed == 1
    assert check(five).missed == 0
    assert five.watermark().compare_missed == 0


def test_a_comparison_finds_rows_that_the_feed_lacks(five: Intake) -> None:
    five.erp.log["units"].insert(0, unit("early"))
    with five.sessions() as session, session.begin():
        session.execute(update(Watermark).values(value="6"))
    assert check(five).missed == 1
    assert five.record("units", "early")


def test_a_recent_change_is_read_and_not_counted(five: Intake) -> None:
    five.erp.say("units", unit("u1", "new"), unit("u9"))
    assert check(five).missed == 0
    assert five.record("units", "u1") == unit("u1", "new") and five.record("units", "u9")


def test_rows_that_differ_only_in_their_reading_time_are_equal(intake: Intake) -> None:
    intake.erp.collections = ("stock_levels",)
    intake.erp.say("stock_levels", stock("s1", "7", "2026-11-23T09:00:00Z"))
    intake.read("stock_levels")
    later = stock("s1", "7", "2026-11-30T09:00:00Z")
    intake.erp.silently = {"stock_levels": {"s1": later}}
    assert check(intake, "stock_levels").missed == 0
    intake.erp.silently = {"stock_levels": {"s1": {**later, "available": "6"}}}
    assert check(intake, "stock_levels").missed == 1


def test_a_row_that_became_invalid_unnoticed_is_quarantined(five: Intake) -> None:
    five.erp.silently = {"units": {"u2": BadRow("u2", "has no name", "{}")}}
    check(five)
    assert five.rejected() == [("u2", "has no name")]
    check(five)
    assert five.erp.calls.count("reread units") == 1, "it is known; the quarantine tries it again"


def test_a_comparison_continues_where_it_stopped(five: Intake) -> None:
    assert not check(five, most_pages=1).complete
    assert (five.watermark().compare_value, five.watermark().value) == ("2", "5")
    five.erp.silently = {"units": {"u0": unit("u0", "missed"), "u4": unit("u4", "missed")}}
    rest = check(five)
    assert (rest.pages, rest.missed, rest.complete) == (2, 1, True)
    assert five.watermark().compare_value is None


def test_an_erp_that_fails_ends_the_turn_and_keeps_its_place(five: Intake) -> None:
    check(five, most_pages=2)
    five.erp.error = ErpError(ErrorClass.TRANSIENT, "closed for maintenance")
    result = check(five)
    assert (result.failure, result.complete, result.pages) == ("closed for maintenance", False, 0)
    assert five.watermark().compare_value == "4"


def test_reading_from_the_start_counts_as_a_comparison(five: Intake) -> None:
    assert five.watermark().compared_at == five.clock.now()


def test_a_comparison_runs_once_a_week_in_slices(five: Intake) -> None:
    five.erp.collections, five.erp.page = ("units",), 1
    five.erp.say("units", *(unit(f"v{n:02}") for n in range(20)))
    schedule = Schedule(five.sessions, five.erp, five.clock, five.settings)
    schedule.run_due()
    five.clock.advance(days=6, hours=23)
    schedule.run_due()
    five.erp.calls.clear()
    five.clock.advance(hours=1)
    five.erp.silently = {"units": {"v19": unit("v19", "missed")}}
    schedule.run_due()
    assert five.erp.calls.count("read units") == 1 + PAGES_A_ROUND
    assert five.watermark().compare_value == str(PAGES_A_ROUND)
    for _ in range(2):
        five.clock.advance(minutes=1)
        schedule.run_due()
    row = five.watermark()
    assert (row.compare_value, row.compared_at, row.compare_missed) == (None, five.clock.now(), 1)
