"""Rows that could not be taken are tried again, ever more seldom, and leave when they come good."""

import datetime as dt
from dataclasses import replace

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.rows import BadRow
from backend.ingest import quarantine, quarantine_retry
from backend.ingest.models import RejectedRow
from backend.ingest.quarantine_retry import Retried
from backend.ingest.reread import MAX_KEYS, Reread, reread
from backend.ingest.schedule import Schedule
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import unit


@pytest.fixture
def one_bad(intake: Intake) -> Intake:
    """Two units of which one cannot be taken."""
    intake.erp.say("units", unit("a"), unit("b", decimals=9))
    intake.read()
    return intake


def row(intake: Intake, id: str = "b") -> RejectedRow:
    with intake.sessions() as session:
        rejected = session.get(RejectedRow, (intake.erp.name, "units", id))
        assert rejected is not None
        session.expunge(rejected)
        return rejected


def retry(intake: Intake, *, everything: bool = True) -> Retried:
    result, _ = quarantine_retry.retry(
        intake.sessions, intake.erp, "units", clock=intake.clock, everything=everything
    )
    return result


def test_a_row_that_became_valid_is_published_and_leaves_quarantine(one_bad: Intake) -> None:
    one_bad.erp.silently = {"units": {"b": unit("b", "corrected")}}
    assert (retry(one_bad).tried, one_bad.rejected()) == (1, [])
    assert one_bad.record("units", "b") == unit("b", "corrected")


def test_a_row_that_stays_invalid_keeps_its_first_date_and_counts_attempts(one_bad: Intake) -> None:
    first_seen = one_bad.clock.now()
    one_bad.clock.advance(minutes=5)
    result = retry(one_bad, everything=False)
    assert (result.tried, result.bad, result.good) == (1, 1, 0)
    rejected = row(one_bad)
    assert (rejected.first_seen_at, rejected.last_seen_at) == (first_seen, one_bad.clock.now())
    assert (rejected.attempts, rejected.retry_at) == (2, one_bad.clock.now() + dt.timedelta(minutes=10))


def test_retries_have_growing_intervals_of_at_most_a_day(one_bad: Intake) -> None:
    waits = []
    for _ in range(12):
        rejected = row(one_bad)
        assert rejected.retry_at is not None
        waits.append(rejected.retry_at - rejected.last_seen_at)
        one_bad.clock.advance(days=1)
        retry(one_bad, everything=False)
    assert [wait.total_seconds() / 60 for wait in waits[:4]] == [5, 10, 20, 40]
    assert waits[-1] == dt.timedelta(days=1)


def test_the_schedule_retries_due_rows(one_bad: Intake) -> None:
    schedule = Schedule(one_bad.sessions, one_bad.erp, one_bad.clock, one_bad.settings)
    schedule.run_due()
    one_bad.erp.silently = {"units": {"b": unit("b")}}
    one_bad.clock.advance(minutes=4)
    schedule.run_due()
    assert "reread units" not in one_bad.erp.calls
    one_bad.clock.advance(minutes=1)
    schedule.run_due()
    assert one_bad.erp.calls.count("reread units") == 1
    assert one_bad.keys() == ["a", "b"] and one_bad.rejected() == []


def test_a_row_that_is_gone_in_the_erp_leaves_quarantine(one_bad: Intake) -> None:
    one_bad.erp.say("units", "b")
    assert retry(one_bad).good == 1
    assert one_bad.rejected() == [] and one_bad.keys() == ["a"]


def test_an_erp_that_fails_leaves_the_row_and_stops_nothing(
    one_bad: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(call: str) -> None:
        if call == "reread units":
            raise ErpError(ErrorClass.TRANSIENT, "closed for maintenance")

    one_bad.erp.before_answer = fails
    one_bad.clock.advance(minutes=5)
    schedule = Schedule(one_bad.sessions, one_bad.erp, one_bad.clock, one_bad.settings)
    assert [result.complete for result in schedule.run_due()] == [True, True]
    schedule.run_due()
    assert one_bad.erp.calls.count("reread units") == 1, "it waits before it tries again"
    assert "retry units: closed for maintenance" in caplog.text
    assert [id for id, _ in one_bad.rejected()] == ["b"]


def test_a_retry_does_not_overwrite_a_newer_reading(one_bad: Intake) -> None:
    """The retried row is older than what a reading published between asking and writing."""

    def another_reading(call: str) -> None:
        if call == "reread units":
            one_bad.erp.before_answer = lambda call: None
            one_bad.erp.say("units", unit("b", "newest"))
            one_bad.read()
            one_bad.erp.silently = {"units": {"b": unit("b", "old")}}

    one_bad.erp.before_answer = another_reading
    assert retry(one_bad).overtaken
    assert one_bad.record("units", "b") == unit("b", "newest")


def test_a_row_without_a_key_waits_for_a_reading_of_everything(intake: Intake) -> None:
    intake.erp.say("units", BadRow("?", "has no key", "{}"))
    intake.read()
    assert retry(intake).tried == 0
    assert [id for id, _ in intake.rejected()] == ["?"]


def test_many_rows_are_reread_in_batches(intake: Intake) -> None:
    intake.erp.page = 1000
    intake.erp.say("units", *(unit(f"u{n:04}", decimals=9) for n in range(MAX_KEYS + 1)))
    intake.read()
    first, last = quarantine_retry.retry(
        intake.sessions, intake.erp, "units", clock=intake.clock, everything=True
    )
    rest, _ = quarantine_retry.retry(
        intake.sessions, intake.erp, "units", clock=intake.clock, everything=True, after=last
    )
    assert (first.tried, rest.tried) == (MAX_KEYS, 1)
    with pytest.raises(ValueError, match="at most 200"):
        reread(intake.sessions, intake.erp, "units", [str(n) for n in range(MAX_KEYS + 1)], clock=intake.clock)


def test_the_stored_raw_row_is_truncated(intake: Intake) -> None:
    intake.erp.say("units", BadRow("x" * 300, "e" * 9_000, "r" * 1_000_000))
    intake.read()
    with intake.sessions() as session:
        [rejected] = quarantine.listed(session, intake.erp.name, "units", 10)
        assert (len(rejected.external_id), len(rejected.error), len(rejected.raw)) == (128, 4_000, 4_000)
        assert quarantine.count(session, intake.erp.name) == {"units": 1}
        assert quarantine.count(session, "another") == {}


def test_rereading_nothing_new_publishes_nothing(one_bad: Intake) -> None:
    before = one_bad.head()
    assert reread(one_bad.sessions, one_bad.erp, "units", ["a"], clock=one_bad.clock) == Reread()
    assert one_bad.head() == before


def test_a_row_with_text_that_no_database_stores_is_quarantined(
    intake: Intake,
) -> None:
    intake.erp.say("units", unit("a"), unit("b\x00"), unit("c\ud800"), unit("d", "\x00"), unit("e", "\ud800"))
    result = intake.read()
    assert (result.complete, result.rejected, intake.keys()) == (True, 4, ["a"])
    assert sorted(id for id, _ in intake.rejected()) == ["b\\x00", "c\\ud800", "d", "e"]


def test_a_deleted_key_that_no_database_stores_is_quarantined(
    intake: Intake,
) -> None:
    intake.erp.say("units", unit("a"), unit("b"))
    intake.read()
    intake.erp.page = 6
    intake.erp.say("units", "a", "b\x00", "\ud800", "two words", "", unit("c"))
    result = intake.read()
    assert (result.complete, result.failure, intake.keys()) == (True, None, ["b", "c"])
    assert sorted(id for id, _ in intake.rejected()) == ["?", "\\ud800", "b\\x00", "two words"]
    assert all("was reported as deleted: its key" in error for _, error in intake.rejected())
    retry(intake)
    assert [id for id, _ in intake.rejected()] == ["?"], (
        "what is not there any more has left, where it has a name"
    )


def test_a_watermark_that_no_database_stores_is_a_fault_of_the_connector(intake: Intake) -> None:
    intake.erp.say("units", unit("a"))
    page = intake.erp.read("units", None, 2)
    intake.erp.read = lambda *arguments: replace(page, watermark="1\x00")
    result = intake.read()
    assert "fault of the connector" in (result.failure or "")
    assert intake.watermark().failure == result.failure
