"""History 15: a page that ends exactly at its limit (rule 5: complete is earned, and it is said)."""

import pytest

from backend.database.core import Sessions
from backend.sync import page
from sync_protocol.canonical import canonical
from sync_protocol.change import Put
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import content
from tests.stateful.histories.mutants import guess_whether_more_is_behind
from tests.unit.sync.company import customer, reps, say
from tests.unit.sync.replica import Replica

pytestmark = pytest.mark.both_dialects

LEAST = 4 * 1024
PER_ROW = 16


def scenario(sessions: Sessions, rows: int, over: int) -> list[str]:
    """Publish *rows* records, half a page each; the last one ends *over* bytes beyond its page's limit.

    The device takes `complete` from pages alone: an idle answer has no body (a 304).
    """
    last = LEAST // 2 + over
    say(sessions, *[_customer(f"C{n}", LEAST // 2) for n in range(rows - 1)], _customer(f"C{rows - 1}", last))
    replica = Replica(sessions, "R1", limit_bytes=LEAST)
    for _ in range(rows + 1):
        cursor = replica.cursor
        page = replica.ask()
        if page.idle:
            return ["everything was sent and no page ever said complete"]
        if replica.apply(page, cursor)["complete"]:
            return differences(server_view(sessions, "R1"), content(replica))
    return ["the pages do not end"]


def _customer(id: str, bytes: int) -> Put:
    """Return a customer that takes exactly *bytes* of a page."""
    bare = len(canonical(customer(id, "NW", notes="").record)) + PER_ROW
    return customer(id, "NW", notes="x" * (bytes - bare))


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


@pytest.mark.parametrize("at_once", [2, page.ROWS_AT_ONCE])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_page_with_the_last_record_says_complete_and_no_earlier_one_does(
    sessions: Sessions, over: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "ROWS_AT_ONCE", at_once)
    for rows in (2, 4):
        assert scenario(sessions, rows, over) == []


def test_a_full_page_that_is_taken_for_one_with_more_behind_it_is_never_followed_by_complete(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    guess_whether_more_is_behind(monkeypatch, [(0, 0, "", None)])
    assert scenario(sessions, 4, 0) == ["everything was sent and no page ever said complete"]


def test_a_full_page_that_is_taken_for_the_last_one_loses_what_is_behind_it(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    guess_whether_more_is_behind(monkeypatch, [])
    assert scenario(sessions, 4, 0) == ["customers C2 is missing", "customers C3 is missing"]
