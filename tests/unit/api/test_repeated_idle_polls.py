"""What a web process remembers of an idle poll: never an answer, and nothing without a bound."""

from collections.abc import Iterator

import pytest

from backend.api import plain_pull
from backend.clock import ManualClock
from backend.settings import Settings
from backend.sync import idle
from sync_protocol.cursor import decode_cursor
from tests.unit.api.installation import install
from tests.unit.api.test_idle_poll import Poller, changed_page
from tests.unit.sync.company import customer, say

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def poller(settings: Settings, clock: ManualClock) -> Iterator[Poller]:
    with install(settings, clock) as installation:
        yield Poller(installation)


def test_a_poll_that_is_repeated_is_decoded_once_and_still_sees_a_change(
    poller: Poller, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    monkeypatch.setattr(idle, "decode_cursor", lambda text: decoded.append(text) or decode_cursor(text))
    idle._seen_if_current.cache_clear()
    assert [poller.poll().status_code for _ in range(3)] == [304] * 3
    assert decoded == [poller.cursor]
    say(poller.installation.sessions, customer("C1", "NW", name="New"))
    assert changed_page(poller)["changes"]


def test_a_long_cursor_is_not_remembered(poller: Poller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "MAX_REMEMBERED_TEXT", len(poller.cursor) - 1)
    monkeypatch.setattr(plain_pull, "MAX_REMEMBERED_TEXT", len(poller.cursor) - 1)
    idle._seen_if_current.cache_clear()
    plain_pull._parse_query.cache_clear()
    assert poller.poll().status_code == 304
    sizes = [cached.cache_info().currsize for cached in (idle._seen_if_current, plain_pull._parse_query)]
    assert (sizes, poller.passed_on) == ([0, 0], 0)
