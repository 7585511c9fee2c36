"""The horizon in days: a device that was away for longer starts again, and no other device does (rule 7)."""

import random
from typing import Any

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import compaction, position_times
from backend.sync import pull
from sync_protocol.change import Change, Gone
from tests.stateful.histories.aging import DAYS
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import content
from tests.unit.sync.company import customer, order, reps, say
from tests.unit.sync.replica import Replica

pytestmark = pytest.mark.both_dialects

NORTH_WEST = ["territory:NW", "customers"]
LONG = 2 * DAYS


def a_company_lives(
    sessions: Sessions, clock: ManualClock, seed: int
) -> tuple[list[tuple[int, list[Any], list[str]]], int]:
    """Let a company live for three horizons, with a device that comes back after each number of days.

    Returns of each device: the days it was away, the streams it was told to drop, and what is wrong with
    its replica; and how many tombstones were collected meanwhile.
    """
    dice = random.Random(seed)
    say(sessions, customer("OLD", "NW"), *[customer(f"C{n}", "NW") for n in range(6)])
    devices = {away: Replica(sessions, "R1") for away in (1, DAYS // 2, DAYS - 1, LONG, LONG + 7)}
    collected = 0
    for day in range(3 * DAYS):
        for away, replica in devices.items():
            if day == 3 * DAYS - away:
                replica.sync()
        say(sessions, *[_something(dice) for _ in range(3)])
        if day == 3 * DAYS - LONG + 5:
            say(sessions, Gone("customers", "OLD"))
        with sessions() as session, session.begin():
            position_times.record(session, clock)
        clock.advance(days=1)
        collected += compaction.compact(sessions, clock, DAYS)
    return [(away, *_back(sessions, replica)) for away, replica in devices.items()], collected


def _something(dice: random.Random) -> Change:
    key = f"C{dice.randrange(6)}"
    roll = dice.random()
    if roll < 0.3:
        return Gone("customers", key)
    if roll < 0.5:
        return order(f"O{dice.randrange(6)}", key)
    return customer(key, dice.choice(["NW", "NW", "SE", None]), name=f"Name {dice.random()}")


def _back(sessions: Sessions, replica: Replica) -> tuple[list[Any], list[str]]:
    dropped = []
    complete = False
    while not complete:
        # Not `step`, which insists on the page's checksum: here its damage is to be seen.
        page = replica.apply(replica.ask(), replica.cursor)
        dropped += page["drop"]
        complete = page["complete"]
    return dropped, differences(server_view(sessions, "R1"), content(replica))


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in (1, 2))])
def test_only_a_device_that_was_away_for_longer_than_the_horizon_begins_again(
    sessions: Sessions, clock: ManualClock, seed: int
) -> None:
    devices, collected = a_company_lives(sessions, clock, seed)
    assert collected > 10
    for away, dropped, damage in devices:
        assert damage == [], f"away for {away} days"
        assert (NORTH_WEST in dropped) == (away > DAYS), f"away for {away} days, told to drop {dropped}"
        assert away > DAYS or dropped == []


def test_a_server_that_does_not_look_at_the_floor_leaves_deleted_records_behind(
    sessions: Sessions, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "_missed", lambda mark, standings, stream: False)
    devices, _ = a_company_lives(sessions, clock, 0)
    damage_by_days = {away: damage for away, _, damage in devices}
    assert "customers OLD should not be there" in damage_by_days[LONG]
    assert damage_by_days[1] == damage_by_days[DAYS - 1] == []
