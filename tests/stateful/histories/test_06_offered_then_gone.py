"""History 6: segments are offered, half of them are applied, and then the stream is taken away or its set
is gone with the tombstones that stood above it (rules 4, 7 and 10)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select

from backend.database.core import Sessions
from backend.feed import positions, segments
from backend.feed.models import FeedRow, FeedSegment
from backend.feed.segments import SegmentInfo
from backend.sync import grants, page
from sync_protocol.change import Gone, Stream
from sync_protocol.cursor import Cursor, Mark
from sync_protocol.segment import KeyRange, encode, name_of
from tests.stateful.histories.aging import collect_all
from tests.stateful.histories.checks import differences, server_view
from tests.stateful.histories.devices import content
from tests.unit.sync.company import customer, reps, say
from tests.unit.sync.replica import NOW, Replica

pytestmark = pytest.mark.both_dialects

NW: Stream = ("territory:NW", "customers")
HALVES = (KeyRange("", "M"), KeyRange("M", None))
Act = Callable[[Sessions], object]


def scenario(sessions: Sessions, what_happens: Act) -> list[str]:
    """The device has applied the first of two segments when *what_happens* does."""
    say(sessions, customer("A", "NW"), customer("Z", "NW"))
    files = _offer(sessions)
    replica = Replica(sessions, "R1", schema=2)
    replica.apply(replica.ask(), replica.cursor)
    first = replica.offers[0]
    assert len(replica.offers) == 2 and replica.apply_segment(first, files[first["sha256"]])
    what_happens(sessions)
    for _ in range(10):
        if replica.apply(replica.ask(), replica.cursor)["complete"]:
            return differences(server_view(sessions, "R1", 2), content(replica))
    return ["no page is ever complete"]


def the_set_is_gone_and_its_tombstones_are_collected(sessions: Sessions) -> None:
    """A is deleted; the set is retired and its files are deleted, so that the tombstone may go."""
    say(sessions, Gone("customers", "A"))
    with sessions() as session, session.begin():
        session.execute(delete(FeedSegment))
    assert collect_all(sessions) == 1


def the_stream_is_taken_away(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", NOW)


def _offer(sessions: Sessions) -> dict[str, bytes]:
    """Put two segments of NW's customers on offer, as the builder does; return their files by name."""
    files: dict[str, bytes] = {}
    sheets = []
    with sessions() as session, session.begin():
        rows = session.execute(
            select(FeedRow.key, FeedRow.body)
            .where(FeedRow.channel == NW[0], FeedRow.collection == NW[1])
            .order_by(FeedRow.key)
        )
        held = [(row.key, str(row.body)) for row in rows]
        for keys in HALVES:
            half = [(key, body) for key, body in held if key in keys]
            data = encode(NW, keys, half)
            files[name_of(data)] = data
            sheets.append(SegmentInfo(keys, name_of(data), len(data), len(half)))
        segments.replace(session, NW, positions.head(session).position, sheets, NOW)
    return files


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


HAPPENINGS = [the_set_is_gone_and_its_tombstones_are_collected, the_stream_is_taken_away]


@pytest.mark.parametrize("what_happens", HAPPENINGS)
def test_a_device_with_half_of_the_segments_ends_equal_to_the_server(
    sessions: Sessions, what_happens: Act
) -> None:
    assert scenario(sessions, what_happens) == []


def test_while_the_set_may_be_fetched_its_tombstones_stay(sessions: Sessions) -> None:
    def only_retired(sessions: Sessions) -> None:
        say(sessions, Gone("customers", "A"))
        with sessions() as session, session.begin():
            segments.retire(session, NW, NOW)
        assert collect_all(sessions) == 0

    assert scenario(sessions, only_retired) == []


def test_a_cursor_that_does_not_know_how_old_its_segments_are_leaves_a_deleted_record(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def young(epoch: str, seen: int = 0, marks: Any = None) -> Cursor:
        return Cursor(epoch, seen, {s: Mark(m.position, max(m.as_of, seen) * 2) for s, m in marks.items()})

    monkeypatch.setattr(page, "Cursor", young)
    found = scenario(sessions, the_set_is_gone_and_its_tombstones_are_collected)
    assert found == ["customers A should not be there"]


def test_a_cursor_that_does_not_name_what_it_offers_leaves_what_was_taken_away(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nameless(epoch: str, seen: int = 0, marks: Any = None) -> Cursor:
        return Cursor(epoch, seen, {stream: mark for stream, mark in marks.items() if mark.position})

    monkeypatch.setattr(page, "Cursor", nameless)
    assert scenario(sessions, the_stream_is_taken_away) == ["customers A should not be there"]
