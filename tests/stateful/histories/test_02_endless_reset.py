"""History 2: the first page of a stream ends below the floor, and the stream begins again for ever (rule 7)."""

from typing import Any

import pytest

from backend.database.core import Sessions
from sync_protocol.change import Gone
from sync_protocol.cursor import Mark
from tests.stateful.histories.aging import collect_all
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import Device
from tests.unit.sync.company import customer, reps, say

pytestmark = pytest.mark.both_dialects

MAX_PAGES = 20
LEAST = 4 * 1024
NOTES = "x" * 4000


def scenario(sessions: Sessions, device: Any) -> list[str]:
    """Live rows @1, @2, @3, a tombstone @4 that is collected, floor 4; each page holds one row."""
    say(sessions, *[customer(f"C{n}", "NW", notes=NOTES) for n in range(4)])
    say(sessions, Gone("customers", "C3"))
    assert collect_all(sessions) == 1
    for _ in range(MAX_PAGES):
        asked = device.sync_state()
        if device.receive(device.ask(), asked):
            return differences(server_view(sessions, "R1"), device.content())
    return ["the stream begins again for ever"]


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


@pytest.fixture
def one_row_a_page(device: Any, device_kind: str) -> Device:
    """The device, which asks for the smallest pages there are."""
    asker = device.replica if device_kind == "minimal" else device._asker
    asker.limit_bytes = LEAST
    return device  # type: ignore[no-any-return]


def test_a_stream_whose_first_page_ends_below_the_floor_is_read_to_its_end(
    sessions: Sessions, one_row_a_page: Device
) -> None:
    assert scenario(sessions, one_row_a_page) == []


def test_a_cursor_that_forgets_its_snapshot_begins_again_for_ever(
    sessions: Sessions, one_row_a_page: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mark, "covered", property(lambda mark: mark.position))
    assert scenario(sessions, one_row_a_page) == ["the stream begins again for ever"]
