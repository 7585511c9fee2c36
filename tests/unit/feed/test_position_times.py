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


def note(sessions: Sessions, clock: ManualClock) -> bool:
    with sessions() as session, session.begin():
        return position_times.record(session, clock)


def horizon(sessions: Sessions, clock: ManualClock, days: int) -> int:
    with sessions() as session:
        return position_times.position_before(session, clock.now() - days * DAY)


def noted(sessions: Sessions) -> list[tuple[int, dt.datetime]]:
    with sessions() as session:
        rows = session.execute(select(PositionTime.position, PositionTime.at).order_by(PositionTime.position))
        return [(row.position, row.at) for row in rows]


def test_the_horizon_is_the_newest_position_known_to_be_old_enough(
    sessions: Sessions, clock: ManualClock
) -> None:
    heads = []
    for day in range(5):
        heads.append(say(sessions, customer("C1", "NW", name=f"Day {day}")))
        assert note(sessions, clock)
        clock.advance(days=1)
    assert horizon(sessions, clock, 5) == heads[0]
    assert horizon(sessions, clock, 3) == heads[2]
    clock.advance(hours=23)
    assert horizon(sessions, clock, 3) == heads[2]
    assert horizon(sessions, clock, 6) == 0


def test_nothing_is_old_before_anything_was_noted(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"))
    clock.advance(days=1000)
    assert horizon(sessions, clock, 1) == 0


def test_a_quiet_feed_keeps_the_first_moment_of_its_position(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"))
    first = clock.now()
    assert note(sessions, clock)
    clock.advance(days=3)
    assert not note(sessions, clock)
    assert [at for _, at in noted(sessions)] == [first]


def test_it_is_noted_once_an_hour_however_many_workers_there_are(
    sessions: Sessions, clock: ManualClock
) -> None:
    for minute in range(130):
        say(sessions, customer("C1", "NW", name=f"Minute {minute}"))
        note(sessions, clock)
        clock.advance(minutes=1)
    assert len(noted(sessions)) == 3


def test_a_clock_that_is_put_back_makes_nothing_older_than_it_is(
    sessions: Sessions, clock: ManualClock
) -> None:
    say(sessions, customer("C1", "NW"))
    note(sessions, clock)
    right = clock.now()
    clock.advance(days=-400)
    say(sessions, customer("C1", "NW", name="Said by a wrong clock"))
    with sessions() as session, session.begin():
        position_times.record(session, clock, every=-1000 * DAY)
    assert [at for _, at in noted(sessions)] == [right, right]


@pytest.mark.parametrize("days", [2, 4])
def test_forgetting_old_moments_does_not_move_the_horizon(
    sessions: Sessions, clock: ManualClock, days: int
) -> None:
    for day in range(10):
        say(sessions, customer("C1", "NW", name=f"Day {day}"))
        note(sessions, clock)
        clock.advance(days=1)
    before = horizon(sessions, clock, days)
    with sessions() as session, session.begin():
        position_times.delete_redundant(session, clock.now() - days * DAY)
    assert horizon(sessions, clock, days) == before
    assert len(noted(sessions)) == days
