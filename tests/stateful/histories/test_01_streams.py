"""History 1: a role or a collection is gained or lost (rule 4: a cursor names streams, not channels)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from backend.database.core import Sessions
from backend.sync import grants
from sync_protocol.catalogue import COLLECTIONS
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import content
from tests.stateful.histories.mutants import do_not_compare, make_the_cursor_one_per_channel
from tests.unit.sync.company import customer, order, reps, say
from tests.unit.sync.replica import Replica

pytestmark = pytest.mark.both_dialects

Scenario = Callable[[Sessions, pytest.MonkeyPatch], list[str]]


def _set_role(sessions: Sessions, *collections: str) -> None:
    with sessions() as session, session.begin():
        grants.set_role(session, "sales", collections)


def a_role_gains_a_collection(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sync to 9 without `orders`, then gain them: they lie below 9."""
    _set_role(sessions, "customers")
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    replica = Replica(sessions, "R1").sync()
    _set_role(sessions, "customers", "orders")
    return differences(server_view(sessions, "R1"), content(replica.sync()))


def a_role_loses_a_collection(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The channel is still granted, one of its collections is not."""
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    replica = Replica(sessions, "R1").sync()
    _set_role(sessions, "customers")
    return differences(server_view(sessions, "R1"), content(replica.sync()))


def an_app_update_understands_a_collection(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An app of revision 1 is not sent `orders`; after the update it wants them from the start."""
    monkeypatch.setitem(COLLECTIONS, "orders", replace(COLLECTIONS["orders"], since=2))
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    replica = Replica(sessions, "R1", schema=1).sync()
    replica.schema = 2
    return differences(server_view(sessions, "R1", schema=2), content(replica.sync()))


SCENARIOS = [a_role_gains_a_collection, a_role_loses_a_collection, an_app_update_understands_a_collection]
DAMAGES = ["orders O1 is missing", "orders O1 should not be there", "orders O1 is missing"]


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_replica_holds_what_the_new_grants_say(
    scenario: Scenario, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert scenario(sessions, monkeypatch) == []


@pytest.mark.parametrize(("scenario", "damage"), list(zip(SCENARIOS, DAMAGES, strict=True)))
def test_a_cursor_per_channel_loses_what_is_gained_and_keeps_what_is_lost(
    scenario: Scenario, damage: str, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_the_cursor_one_per_channel(monkeypatch)
    do_not_compare(monkeypatch)
    assert scenario(sessions, monkeypatch) == [damage]
