"""Publishing: what the feed holds after it, and what it must never hold."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from backend.database.core import Sessions
from backend.feed import positions
from backend.feed.changes import live, live_keys, publish
from backend.feed.models import FeedRow, FeedStream
from sync_protocol.change import Change, Gone, Put

pytestmark = pytest.mark.both_dialects


def customer(id: str, territory: str | None, **fields: Any) -> Put:
    return Put("customers", id, {"id": id, "territory": territory, **fields})


def order(id: str, customer_id: str | None, **fields: Any) -> Put:
    return Put("orders", id, {"id": id, "customer_id": customer_id, **fields})


def say(sessions: Sessions, *changes: Change) -> int:
    with sessions() as session, session.begin():
        return publish(session, changes)


def rows(sessions: Sessions) -> dict[tuple[str, str], Any]:
    with sessions() as session:
        return {(r.channel, r.key): r.body and json.loads(r.body) for r in session.scalars(select(FeedRow))}


def test_a_record_is_put_into_the_channel_its_field_names(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"))
    assert rows(sessions) == {("territory:NW", "C1"): {"id": "C1", "territory": "NW"}}


def test_an_unchanged_record_is_skipped(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"))
    with sessions() as session:
        before = session.scalars(select(FeedRow.position)).all()
    say(sessions, customer("C1", "NW"))
    with sessions() as session:
        assert session.scalars(select(FeedRow.position)).all() == before


def test_a_moved_record_leaves_a_tombstone_and_takes_its_followers_along(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    say(sessions, customer("C1", "SE"))
    assert rows(sessions) == {
        ("territory:NW", "C1"): None,
        ("territory:NW", "O1"): None,
        ("territory:SE", "C1"): {"id": "C1", "territory": "SE"},
        ("territory:SE", "O1"): {"id": "O1", "customer_id": "C1"},
    }


def test_a_record_that_moves_back_takes_the_place_of_its_tombstone(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"))
    say(sessions, customer("C1", "SE"))
    say(sessions, customer("C1", "NW"))
    assert rows(sessions) == {
        ("territory:NW", "C1"): {"id": "C1", "territory": "NW"},
        ("territory:SE", "C1"): None,
    }


def test_a_follower_without_a_parent_is_in_no_channel(sessions: Sessions) -> None:
    say(sessions, order("O1", "C1"))
    assert set(rows(sessions)) == {("nowhere", "O1")}
    say(sessions, customer("C1", "NW"))
    assert rows(sessions)["territory:NW", "O1"] is not None
    assert rows(sessions)["nowhere", "O1"] is None


def test_deleting_a_parent_removes_its_followers(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    say(sessions, Gone("customers", "C1"))
    feed_rows = rows(sessions)
    assert feed_rows["territory:NW", "C1"] is None
    assert feed_rows["territory:NW", "O1"] is None
    assert feed_rows["nowhere", "O1"] is not None


def test_a_follower_moves_with_a_parent_of_the_same_batch(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    say(sessions, order("O1", "C1", gross="5"), customer("C1", "SE"))
    feed_rows = rows(sessions)
    assert feed_rows["territory:SE", "O1"] == {"id": "O1", "customer_id": "C1", "gross": "5"}
    assert feed_rows["territory:NW", "O1"] is None


def test_a_follower_that_changes_parents_moves_to_the_new_ones_channel(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), customer("C2", "SE"), order("O1", "C1"))
    say(sessions, order("O1", "C2"))
    assert rows(sessions)["territory:NW", "O1"] is None
    assert rows(sessions)["territory:SE", "O1"] is not None
    say(sessions, customer("C1", "W"))
    assert rows(sessions)["territory:SE", "O1"] is not None


def test_deleting_an_unknown_record_leaves_no_tombstone(sessions: Sessions) -> None:
    say(sessions, Gone("customers", "C1"))
    say(sessions, customer("C1", "NW"))
    say(sessions, Gone("customers", "C1"), Gone("customers", "C1"))
    with sessions() as session:
        before = session.scalars(select(FeedRow.position)).all()
    say(sessions, Gone("customers", "C1"))
    with sessions() as session:
        assert session.scalars(select(FeedRow.position)).all() == before


def test_a_stream_head_is_the_newest_position_in_it_and_never_falls(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"))
    top = say(sessions, customer("C1", "SE"))
    with sessions() as session:
        heads = {s.channel: s.head for s in session.scalars(select(FeedStream))}
        newest = {r.channel: r.position for r in session.scalars(select(FeedRow))}
    assert heads == newest
    assert max(heads.values()) == top
    assert heads["territory:NW"] < heads["territory:SE"]


def test_the_last_of_several_changes_to_a_record_counts(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), Gone("customers", "C1"), customer("C1", "SE", name="B"))
    assert rows(sessions) == {("territory:SE", "C1"): {"id": "C1", "territory": "SE", "name": "B"}}


def test_positions_are_unique_and_above_all_earlier_ones(sessions: Sessions) -> None:
    first = say(sessions, *[order(f"O{n}", "C1") for n in range(50)])
    say(sessions, customer("C1", "NW"))
    with sessions() as session:
        positions_found = session.execute(select(FeedRow.channel, FeedRow.position)).all()
        head = positions.head(session).position
    moved = [position for channel, position in positions_found if channel == "territory:NW"]
    assert min(moved) > first
    assert max(moved) == head
    assert len({position for _, position in positions_found}) == len(positions_found)


def test_more_than_a_thousand_changes_are_refused(sessions: Sessions) -> None:
    with sessions() as session, session.begin(), pytest.raises(ValueError, match="at most 1000"):
        publish(session, [order(f"O{n}", None) for n in range(1001)])


def test_live_finds_a_record_in_any_channel(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), customer("C2", "SE"), Gone("customers", "C2"))
    with sessions() as session:
        assert live(session, "customers", "C1") == {"id": "C1", "territory": "NW"}
        assert live(session, "customers", "C2") is None
        assert live_keys(session, "customers") == ["C1"]


def test_a_new_epoch_continues_counting(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"))
    with sessions() as session:
        before = positions.head(session)
    with sessions() as session, session.begin():
        epoch = positions.new_epoch(session)
    with sessions() as session:
        after = positions.head(session)
    assert after.epoch == epoch != before.epoch
    assert after.position > before.position
