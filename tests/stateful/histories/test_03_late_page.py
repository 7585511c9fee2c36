"""History 3: a page arrives late (rule 2: it is applied only if the device still holds the cursor it sent)."""

from collections.abc import Callable
from typing import Any

import pytest

from backend.database.core import Sessions
from backend.sync import grants
from backend.sync.page import Page
from sync_protocol.change import Gone
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import Device, sync
from tests.stateful.histories.mutants import apply_every_page
from tests.unit.sync.company import customer, reps, say
from tests.unit.sync.replica import NOW

pytestmark = pytest.mark.both_dialects

Scenario = Callable[[Sessions, Device], tuple[list[str], list[str]]]


def the_record_has_been_deleted(sessions: Sessions, device: Device) -> tuple[list[str], list[str]]:
    """put@1 is delayed; tombstone@2 is applied and forgotten; then put@1 arrives."""
    say(sessions, customer("C1", "NW"), customer("C3", "NW"))
    state, late = device.sync_state(), device.ask()
    say(sessions, Gone("customers", "C1"))
    return _arrives(sessions, device, late, state)


def the_channel_has_been_taken_away(sessions: Sessions, device: Device) -> tuple[list[str], list[str]]:
    """A page from before a revocation must not bring back what the rep may no longer see."""
    say(sessions, customer("C1", "NW"))
    sync(device)
    say(sessions, customer("C3", "NW"))
    state, late = device.sync_state(), device.ask()
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", NOW)
    return _arrives(sessions, device, late, state)


def _arrives(sessions: Sessions, device: Device, late: Page, state: Any) -> tuple[list[str], list[str]]:
    """Return the damage when the page has arrived, and what of it is left after another sync."""
    sync(device)
    device.receive(late, state)
    at_once = differences(server_view(sessions, "R1"), device.content())
    sync(device)
    return at_once, differences(server_view(sessions, "R1"), device.content())


SCENARIOS = [the_record_has_been_deleted, the_channel_has_been_taken_away]
DAMAGES = [["customers C1 should not be there"], ["customers C3 should not be there"]]


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_late_page_changes_nothing(scenario: Scenario, sessions: Sessions, device: Device) -> None:
    assert scenario(sessions, device) == ([], [])


@pytest.mark.parametrize(("scenario", "damage"), list(zip(SCENARIOS, DAMAGES, strict=True)))
def test_a_device_that_applies_every_page_shows_what_is_gone(
    scenario: Scenario, damage: list[str], sessions: Sessions, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_every_page(monkeypatch, keep_newer_cursor=False)
    at_once, _ = scenario(sessions, device)
    assert at_once == damage


@pytest.mark.parametrize(("scenario", "damage"), list(zip(SCENARIOS, DAMAGES, strict=True)))
def test_a_device_that_applies_every_page_and_keeps_its_newer_cursor_shows_it_forever(
    scenario: Scenario, damage: list[str], sessions: Sessions, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_every_page(monkeypatch, keep_newer_cursor=True)
    assert scenario(sessions, device) == (damage, damage)
