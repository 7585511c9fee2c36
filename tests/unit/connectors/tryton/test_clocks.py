"""Rows of Tryton that are dated ahead are read, and never decide where the reading continues."""

import json
import logging

import pytest

from tests.unit.connectors.tryton.scripted_tables import OVERLAP, Clock, Table, follower, read, seven_records
from tests.unit.connectors.tryton.test_incremental import settled

YEARS = 10 * 365 * 86_400.0
DAY = 86_400.0


@pytest.fixture
def table() -> Table:
    return seven_records()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_a_row_that_is_dated_ahead_silences_no_later_change(table: Table, clock: Clock, page: int) -> None:
    following = follower(table, clock, page=page)
    mark = settled(following, clock)
    table.put("root", 3, YEARS, name="dated ahead")
    table.put("root", 4, YEARS + 1, name="dated ahead too")
    names, mark, _ = read(following, mark)
    assert names == {"3": "dated ahead", "4": "dated ahead too"}
    for step in range(1, 5):
        clock.now += OVERLAP
        table.put("root", 5, clock.now, name=f"change {step}")
        names, mark, _ = read(following, mark)
        assert names["5"] == f"change {step}"
    table.put("root", 3, clock.now, name="dated right")
    table.put("root", 4, clock.now, name="dated right")
    clock.now += OVERLAP
    names, mark, _ = read(following, mark)
    assert names["3"] == "dated right"
    clock.now += OVERLAP
    _, mark, _ = read(following, mark)
    assert read(following, mark)[0] == {}, "nothing is dated ahead any more, and nothing is read again"


def test_a_row_that_is_dated_ahead_before_the_first_reading_silences_nothing(
    table: Table, clock: Clock
) -> None:
    following = follower(table, clock)
    table.put("root", 1, YEARS, name="dated ahead")
    _, mark, _ = read(following, None)
    clock.now += OVERLAP
    table.put("root", 2, clock.now, name="changed")
    names, _, _ = read(following, mark)
    assert names["2"] == "changed"


def test_a_row_that_touches_everything_and_is_dated_ahead_is_followed_by_one_full_turn(
    table: Table, clock: Clock
) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("list", 2, YEARS)
    names, mark, listed = read(following, mark)
    assert listed and len(names) == 7
    for _ in range(3):
        clock.now += OVERLAP
        names, mark, listed = read(following, mark)
        assert not listed
    assert names == {}
    table.put("list", 3, clock.now)
    _, mark, listed = read(following, mark)
    assert listed


def test_a_watermark_of_a_wrong_clock_begins_from_the_start(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    clock.now += YEARS
    _, mark, _ = read(following, None)
    clock.now -= YEARS
    table.put("root", 5, 60, name="changed")
    names, mark, listed = read(following, mark)
    assert listed and names["5"] == "changed"
    cursors = json.loads(mark)[1]
    cursors[0][0] = "2036-01-01T00:00:00.000000"
    poisoned = json.dumps([json.loads(mark)[0], cursors, *json.loads(mark)[2:]])
    assert read(following, poisoned)[2]


def test_a_row_of_another_time_zone_is_followed_as_usual(table: Table, clock: Clock) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("root", 3, clock.now + DAY / 2, name="changed")
    names, mark, _ = read(following, mark)
    assert names == {"3": "changed"}
    clock.now += OVERLAP
    _, mark, _ = read(following, mark)
    assert read(following, mark)[0] == {}


def test_a_row_that_is_dated_ahead_is_logged(
    table: Table, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    following = follower(table, clock)
    mark = settled(following, clock)
    table.put("root", 3, YEARS, name="dated ahead")
    with caplog.at_level(logging.WARNING):
        read(following, mark)
    assert "root 3 of Tryton is dated ahead: 2036-11-20T12:00:00.000000" in caplog.text
