"""Reading a collection: page by page, each with its watermark, overtaken by nobody."""

import datetime as dt

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ReadPage
from backend.erp.rows import BadRow
from backend.feed.changes import publish
from sync_protocol.change import Put
from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import ScriptedErp, stock, unit

pytestmark = pytest.mark.both_dialects


def test_a_collection_is_read_to_its_end_and_published(intake: Intake) -> None:
    intake.erp.say("units", *(unit(f"u{n}") for n in range(5)))
    counts: list[int] = []
    result = intake.read(progress=lambda records, total: counts.append(records))
    assert (result.pages, result.records, result.changed, result.complete) == (3, 5, 5, True)
    assert counts == [2, 4, 5]
    assert intake.keys() == [f"u{n}" for n in range(5)]
    assert intake.watermark().value == "5" and intake.watermark().read_at == intake.clock.now()
    assert result.summary() == "5 read, 5 changed"


def test_reading_continues_where_it_stopped(intake: Intake) -> None:
    intake.erp.say("units", unit("a"), unit("b"), unit("c"))
    stopped = intake.read(stop=lambda: "read units" in intake.erp.calls)
    assert not stopped.complete and intake.watermark().value == "2"
    intake.read()
    assert intake.keys() == ["a", "b", "c"] and intake.erp.calls.count("read units") == 2


def test_an_unchanged_record_is_not_published_again(intake: Intake) -> None:
    intake.erp.say("units", unit("a"))
    intake.read()
    before = intake.head()
    intake.erp.say("units", unit("a"))
    assert intake.read().changed == 0
    assert intake.head() == before
    intake.erp.say("units", unit("a", "Stück"))
    assert intake.read().changed == 1


def test_a_record_with_a_later_reading_time_has_not_changed(intake: Intake) -> None:
    intake.erp.collections = ("stock_levels",)
    intake.erp.say("stock_levels", stock("s1", "7", "2026-11-23T09:00:00Z"))
    intake.read("stock_levels")
    before = intake.head()
    intake.erp.say("stock_levels", stock("s1", "7", "2026-11-23T09:05:00Z"))
    assert intake.read("stock_levels").changed == 0
    assert intake.head() == before
    assert intake.record("stock_levels", "s1")["as_of"] == "2026-11-23T09:00:00Z"
    intake.erp.say("stock_levels", stock("s1", "6", "2026-11-23T09:06:00Z"))
    assert intake.read("stock_levels").changed == 1
    assert intake.record("stock_levels", "s1")["as_of"] == "2026-11-23T09:06:00Z"


def test_a_record_that_the_erp_reports_as_gone_is_deleted(intake: Intake) -> None:
    intake.erp.say("units", unit("a"), unit("b"), "a", "never-there")
    result = intake.read()
    assert intake.keys() == ["b"] and result.changed == 3


def test_an_invalid_row_is_quarantined_and_its_page_is_read(intake: Intake) -> None:
    intake.erp.say("units", unit("a"), unit("b", decimals=9, factor="many"), unit("c"))
    intake.erp.say("units", BadRow("units.csv:7", "line 7 has 3 columns instead of 6", "x;y;z"))
    result = intake.read()
    assert intake.keys() == ["a", "c"] and result.rejected == 2 and result.complete
    (bad_row, line) = intake.rejected()
    assert bad_row[0] == "b" and "decimals must be a whole number from 0 to 6, not 9" in bad_row[1]
    assert "factor must be a quantity" in bad_row[1]
    assert line == ("units.csv:7", "line 7 has 3 columns instead of 6")


def test_an_invalid_row_stays_in_quarantine_until_it_is_valid(intake: Intake) -> None:
    intake.erp.say("units", unit("a", decimals=9))
    intake.read()
    intake.erp.say("units", unit("b"))
    intake.read()
    assert [key for key, _ in intake.rejected()] == ["a"]
    intake.erp.say("units", unit("a"))
    intake.read()
    assert intake.rejected() == [] and intake.keys() == ["a", "b"]


def test_an_invalid_line_leaves_quarantine_when_a_later_snapshot_lacks_it(intake: Intake) -> None:
    """Its id is file and line, which no record ever has; only the whole listing shows that it was corrected."""
    intake.erp.snapshots = True
    intake.erp.say("units", unit("u1"), BadRow("units.csv:3", "no factor", "kg,,"))
    intake.read()
    assert [row[0] for row in intake.rejected()] == ["units.csv:3"]
    intake.clock.advance(hours=1)
    intake.erp.say("units", unit("u1"), BadRow("units.csv:9", "no name", "m,,"), unit("kg"))
    intake.read()
    assert [row[0] for row in intake.rejected()] == ["units.csv:9"]


def test_an_invalid_row_does_not_change_its_published_record(intake: Intake) -> None:
    intake.erp.say("units", unit("a", "piece"))
    intake.read()
    intake.erp.say("units", unit("a", "half of a pair: \ud83d"))
    intake.read()
    assert intake.record("units", "a") == unit("a", "piece")


def test_a_record_with_an_invalid_channel_is_quarantined(intake: Intake) -> None:
    record = {**stock("s1", "1", "2026-11-23T09:00:00Z"), "warehouse_id": "W:1"}
    intake.erp.say("stock_levels", record, stock("s2", "1", "2026-11-23T09:00:00Z"))
    intake.read("stock_levels")
    assert intake.keys("stock_levels") == ["s2"]
    assert "belongs to no channel" in intake.rejected()[0][1]


def test_an_overtaken_page_is_rolled_back(intake: Intake) -> None:
    """History 14: a slow importer must not overwrite what a quicker one has read."""
    intake.erp.say("units", unit("a", "old"), unit("b", "old"))
    quicker = Intake(intake.sessions, ScriptedErp(log=intake.erp.log), intake.clock, intake.settings)

    def slow_page(collection: str, watermark: str | None, limit: int) -> ReadPage:
        intake.erp.say("units", unit("a", "new"), unit("b", decimals=9))
        quicker.read()
        return ReadPage((unit("a", "old"), unit("b", "old"), unit("z", decimals=9)), "2", more=True)

    intake.erp.read = slow_page
    result = intake.read()
    assert result.overtaken and not result.complete and result.pages == 0
    assert intake.record("units", "a")["name"] == "new"
    assert intake.watermark().value == "4"
    assert [key for key, _ in intake.rejected()] == ["b"], "the overtaken page's bad row went with it"


def test_a_failing_erp_keeps_what_was_read(intake: Intake) -> None:
    intake.erp.say("units", unit("a"), unit("b"), unit("c"))

    def fail_on_the_second_page(call: str) -> None:
        if intake.erp.calls.count("read units") == 2:
            raise ErpError(ErrorClass.TRANSIENT, "the ERP is closed for maintenance")

    intake.erp.before_answer = fail_on_the_second_page
    result = intake.read()
    assert (result.failure, result.error_class) == (
        "the ERP is closed for maintenance",
        ErrorClass.TRANSIENT,
    )
    assert intake.keys() == ["a", "b"] and intake.watermark().value == "2"
    row = intake.watermark()
    assert (row.failure, row.failing_since) == (result.failure, intake.clock.now())
    since = intake.clock.now()
    intake.clock.advance(minutes=1)
    intake.erp.calls.remove("read units")
    intake.read()
    assert intake.watermark().failing_since == since
    intake.erp.before_answer = lambda call: None
    intake.read()
    row = intake.watermark()
    assert (row.failure, row.failing_since) == (None, None) and intake.keys() == ["a", "b", "c"]


def test_an_exception_of_a_connector_is_a_failed_reading(intake: Intake) -> None:
    def broken(call: str) -> None:
        raise KeyError("party")

    intake.erp.before_answer = broken
    assert "KeyError('party')" in str(intake.read().failure)


def test_a_connector_that_repeats_its_watermark_is_stopped(intake: Intake) -> None:
    intake.erp.read = lambda *_: ReadPage((), "7", more=True)
    assert "returns the same watermark" in str(intake.read().failure)


@pytest.mark.parametrize("collection", ["freshness", "submissions"])
def test_satchels_own_collections_are_not_read_from_an_erp(intake: Intake, collection: str) -> None:
    with pytest.raises(ValueError, match="is owned by Satchel"):
        intake.read(collection)


def test_freshness_is_published_at_most_every_five_minutes(intake: Intake) -> None:
    start = intake.clock.now()
    intake.erp.say("units", unit("a"))
    intake.read()
    freshness = intake.record("freshness", "units")
    assert freshness == {"id": "units", "as_of": "2026-11-23T09:00:00Z"}
    intake.clock.advance(minutes=4)
    intake.read()
    assert intake.record("freshness", "units") == freshness
    intake.clock.advance(minutes=1)
    intake.read()
    assert intake.record("freshness", "units")["as_of"] == "2026-11-23T09:05:00Z"
    assert intake.watermark().read_at == start + dt.timedelta(minutes=5)


def test_an_unfinished_reading_does_not_publish_freshness(intake: Intake) -> None:
    intake.erp.say("units", unit("a"), unit("b"), unit("c"))
    intake.read(stop=lambda: "read units" in intake.erp.calls)
    assert intake.record("freshness", "units") is None


def test_a_page_is_published_with_its_watermark_or_not_at_all(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake.erp.say("units", unit("a"), unit("b", decimals=9))
    monkeypatch.setenv("SATCHEL_FAILPOINTS", "ingest.before_publish=raise")
    intake.read()
    assert (intake.keys(), intake.watermark().value, intake.rejected()) == ([], None, [])
    monkeypatch.setenv("SATCHEL_FAILPOINTS", "ingest.after_publish=raise")
    intake.read()
    assert (intake.keys(), intake.watermark().value) == (["a"], "2")


def test_a_page_larger_than_a_transaction_is_refused(intake: Intake) -> None:
    many = tuple(unit(f"u{n}") for n in range(1001))
    intake.erp.read = lambda *_: ReadPage(many, "1", more=False)
    assert "500 were asked for" in str(intake.read().failure)
    with intake.sessions() as session, session.begin():
        publish(session, [Put("units", "x", unit("x"))])
    assert intake.keys() == ["x"]
