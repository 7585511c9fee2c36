"""A reply must not say that nothing changed if the records that a rep may read did."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.feed import positions
from backend.sync import grants
from tests.unit.sync.company import customer, reps, say
from tests.unit.sync.replica import NOW, Replica

pytestmark = pytest.mark.both_dialects


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


CHANGES: list[Callable[[Session], object]] = [
    lambda session: grants.assign(session, "R1", "territory:SE", NOW),
    lambda session: grants.unassign(session, "R1", "territory:NW", NOW),
    lambda session: grants.set_role(session, "sales", ["customers"]),
]


@pytest.mark.parametrize("change", CHANGES, ids=["assign", "unassign", "role"])
def test_every_change_of_grants_takes_a_position(
    change: Callable[[Session], object], sessions: Sessions
) -> None:
    with sessions() as session, session.begin():
        before = positions.head(session).position
        change(session)
        assert positions.head(session).position > before


@pytest.mark.parametrize("schema", [1, 2])
def test_a_phone_that_loses_a_channel_is_not_told_that_nothing_changed(sessions: Sessions, schema: int) -> None:
    say(sessions, customer("C1", "NW"))
    replica = Replica(sessions, "R1", schema=schema).sync()
    assert replica.ask().idle
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", NOW)
    assert not replica.ask().idle
    assert replica.sync().rows == {}
    assert replica.ask().idle
