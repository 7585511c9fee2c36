"""Moments: how old a position is, from what was noted now and then."""

import datetime as dt

import pytest
from sqlalchemy import select

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import position_times
from backend.feed.models import PositionTime
from tests.unit.sync.company import customer, say

pytestmark = pytest.mark.both_dialects

DAY = dt.timedelta(days=1)


def record(sessions: Sessions, clock: ManualClock) -> bool:
    with sessions() as session, session.begin():
        return position_times.record(session, clock)


def horizon(sessions: Sessions, clock: ManualClock, days: int) -> int:
    with sessions() as session:
        return position_times.position_before(session, clock.now() - days * DAY)


def recorded(sessions: Sessions) -> list[tuple[int, dt.datetime]]:
    with sessions() as session:
        rows = session.execute(select(PositionTime.position, PositionTime.at).order_by(PositionTime.position))
        return [(row.position, row.at) for row in rows]


def test_the_horizon_is_the_newest_old_position(sessions: Sessions, clock: ManualClock) -> None:
    heads = []
    for day in range(5):
        heads.append(say(sessions, customer("C1", "NW", name=f"Day {day}")))
        assert record(sessions, clock)
        clock.advance(days=1)
    assert horizon(sessions, clock, 5) == heads[0]
    assert horizon(sessions, clock, 3) == heads[2]
    clock.advance(hours=23)
    assert horizon(sessions, clock, 3) == heads[2]
    assert horizon(sessions, clock, 6) == 0


def test_nothing_is_old_without_noted_positions(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"))
    clock.advance(days=1000)
    assert horizon(sessions, clock, 1) == 0


def test_an_unchanged_position_keeps_its_first_time(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"))
    first = clock.now()
    assert record(sessions, clock)
    clock.advance(days=3)
    assert not record(sessions, clock)
    assert [at for _, at in recorded(sessions)] == [first]


def test_a_position_is_noted_once_an_hour_by_all_workers(sessions: Sessions, clock: ManualClock) -> None:
    for minute in range(130):
        say(sessions, customer("C1", "NW", name=f"Minute {minute}"))
        record(sessions, clock)
        clock.advance(minutes=1)
    assert len(recorded(sessions)) == 3


def test_a_clock_set_back_makes_no_position_older(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"))
    record(sessions, clock)
    right = clock.now()
    clock.advance(days=-400)
    say(sessions, customer("C1", "NW", name="Said by a wrong clock"))
    with sessions() as session, session.begin():
        position_times.record(session, clock, every=-1000 * DAY)
    assert [at for _, at in recorded(sessions)] == [right, right]


@pytest.mark.parametrize("days", [2, 4])
def test_deleting_old_position_times_does_not_move_the_horizon(
    sessions: Sessions, clock: ManualClock, days: int
) -> None:
    for day in range(10):
        say(sessions, customer("C1", "NW", name=f"Day {day}"))
        record(sessions, clock)
        clock.advance(days=1)
    before = horizon(sessions, clock, days)
    with sessions() as session, session.begin():
        position_times.delete_redundant(session, clock.now() - days * DAY)
    assert horizon(sessions, clock, days) == before
    assert len(recorded(sessions)) == days


def test_times_of_a_clock_that_was_ahead_do_not_delay_compaction(
    sessions: Sessions, clock: ManualClock
) -> None:
    say(sessions, customer("C1", "NW"))
    record(sessions, clock)
    clock.advance(days=3650)
    ahead = say(sessions, customer("C1", "NW", name="Published while the clock was ahead"))
    record(sessions, clock)
    clock.advance(days=-3649)
    with sessions() as session:
        assert position_times.newest_ahead(session, clock.now()) is not None
    record(sessions, clock)
    with sessions() as session:
        assert position_times.newest_ahead(session, clock.now()) is None
    for day in range(3):
        clock.advance(days=1)
        say(sessions, customer("C1", "NW", name=f"Day {day}"))
        assert record(sessions, clock), "positions are recorded again"
    assert horizon(sessions, clock, 2) >= ahead


def test_times_that_all_lie_ahead_wait_for_the_operator(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"))
    record(sessions, clock)
    right = clock.now()
    clock.advance(days=-400)
    assert not record(sessions, clock), "the clock may be behind now"
    assert [at for _, at in recorded(sessions)] == [right]
    with sessions() as session, session.begin():
        assert position_times.newest_ahead(session, clock.now()) == right
        assert position_times.correct(session, clock.now()) == 1
    assert [at for _, at in recorded(sessions)] == [clock.now()]
