"""Pull: pages, cursors, grants. Each test names the rule of docs/protocol.md that it holds."""

from dataclasses import replace

import pytest

from backend.database.core import Sessions
from backend.feed import positions
from backend.sync import grants
from backend.sync.page import etag_of
from backend.sync.pull import NotYet
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Gone
from sync_protocol.cursor import Cursor, CursorInvalid, decode_cursor
from tests.unit.sync.company import customer, order, receivable, reps, say, unit
from tests.unit.sync.replica import NOW, Replica

pytestmark = pytest.mark.both_dialects

LEAST = 4 * 1024


@pytest.fixture(autouse=True)
def two_reps(sessions: Sessions) -> None:
    reps(sessions)


def test_a_rep_gets_what_its_channels_and_role_grant_and_nothing_else(sessions: Sessions) -> None:
    say(sessions, unit(), customer("C1", "NW"), customer("C2", "SE"), order("O1", "C1"), order("O2", "C2"))
    replica = Replica(sessions, "R1").sync()
    assert set(replica.rows) == {("units", "u"), ("customers", "C1"), ("orders", "O1")}


def test_a_second_pull_brings_only_what_changed(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), customer("C3", "NW"))
    replica = Replica(sessions, "R1").sync()
    say(sessions, customer("C3", "NW", name="New name"))
    page = replica.step()
    assert [record["id"] for change in page["changes"] for _, record in change["put"]] == ["C3"]
    assert page["complete"]


def test_a_moved_customer_leaves_one_replica_and_enters_the_other_with_all_that_follows(
    sessions: Sessions,
) -> None:
    say(sessions, customer("C1", "NW"), order("O1", "C1"), receivable("I1", "C1"))
    first, second = Replica(sessions, "R1").sync(), Replica(sessions, "R2").sync()
    assert len(first.rows) == 3
    say(sessions, customer("C1", "SE"))
    assert first.sync().rows == {}
    assert set(second.sync().rows) == {("customers", "C1"), ("orders", "O1"), ("receivables", "I1")}


def test_a_device_with_both_channels_keeps_a_moving_record(
    sessions: Sessions,
) -> None:
    with sessions() as session, session.begin():
        grants.assign(session, "R1", "territory:SE", NOW)
    say(sessions, *[customer(f"C{n}", "NW", notes="x" * 500) for n in range(40)])
    replica = Replica(sessions, "R1", limit_bytes=LEAST)
    replica.step()
    say(sessions, *[customer(f"C{n}", "SE", notes="x" * 500) for n in range(40)])
    replica.sync()
    assert len(replica.records("customers")) == 40
    assert {row[0] for row in replica.rows.values()} == {"territory:SE"}


# Rule 4, history 1: grants are streams, so a collection gained later starts at its beginning.
def test_a_role_that_gains_a_collection_gets_it_from_the_start(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        grants.set_role(session, "sales", ["customers"])
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    replica = Replica(sessions, "R1").sync()
    assert set(replica.rows) == {("customers", "C1")}
    with sessions() as session, session.begin():
        grants.set_role(session, "sales", ["customers", "orders"])
    assert set(replica.sync().rows) == {("customers", "C1"), ("orders", "O1")}


def test_a_role_that_loses_a_collection_drops_it(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    replica = Replica(sessions, "R1").sync()
    with sessions() as session, session.begin():
        grants.set_role(session, "sales", ["customers"])
    page = replica.step()
    assert ["territory:NW", "orders"] in page["drop"]
    assert set(replica.rows) == {("customers", "C1")}


def test_an_app_update_that_understands_a_new_collection_gets_it_from_the_start(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COLLECTIONS, "orders", replace(COLLECTIONS["orders"], since=2))
    say(sessions, customer("C1", "NW"), order("O1", "C1"))
    replica = Replica(sessions, "R1", schema=1).sync()
    assert set(replica.rows) == {("customers", "C1")}
    replica.schema = 2
    assert set(replica.sync().rows) == {("customers", "C1"), ("orders", "O1")}


def test_an_assignment_that_ends_drops_its_streams_and_one_that_begins_fills_them(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), order("O1", "C1"), customer("C2", "SE"))
    replica = Replica(sessions, "R1").sync()
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", NOW)
        grants.assign(session, "R1", "territory:SE", NOW)
    assert set(replica.sync().rows) == {("customers", "C2")}


def test_a_regained_stream_has_the_current_records(
    sessions: Sessions,
) -> None:
    say(sessions, customer("C1", "NW"), customer("C3", "NW"))
    replica = Replica(sessions, "R1").sync()
    with sessions() as session, session.begin():
        grants.unassign(session, "R1", "territory:NW", NOW)
    replica.sync()
    say(sessions, Gone("customers", "C1"))
    with sessions() as session, session.begin():
        grants.assign(session, "R1", "territory:NW", NOW)
    assert set(replica.sync().rows) == {("customers", "C3")}


# Rule 5: complete is earned.
def test_a_page_cut_at_its_size_is_not_complete_and_the_next_continues(sessions: Sessions) -> None:
    say(sessions, *[customer(f"C{n:03}", "NW", notes="x" * 1000) for n in range(50)])
    replica = Replica(sessions, "R1", limit_bytes=LEAST)
    assert not replica.step()["complete"]
    replica.sync()
    assert len(replica.records("customers")) == 50
    assert replica.pages > 10


def test_a_change_between_two_pages_is_in_a_later_page(sessions: Sessions) -> None:
    say(sessions, *[customer(f"C{n:03}", "NW", notes="x" * 1000) for n in range(50)])
    replica = Replica(sessions, "R1", limit_bytes=LEAST)
    replica.step()
    say(sessions, customer("C000", "NW", name="Changed behind"), customer("C049", "NW", name="Changed ahead"))
    say(sessions, Gone("customers", "C001"))
    replica.sync()
    customers = replica.records("customers")
    assert customers["C000"]["name"] == "Changed behind"
    assert customers["C049"]["name"] == "Changed ahead"
    assert "C001" not in customers
    assert len(customers) == 49


# History 15: a page that ends exactly at its limit.
def test_a_page_that_ends_exactly_at_its_limit_says_complete(sessions: Sessions) -> None:
    for rows in range(1, 12):
        say(sessions, *[customer(f"C{n:03}", "NW", notes="x" * 1000) for n in range(rows)])
        replica = Replica(sessions, "R1", limit_bytes=LEAST)
        replica.sync()
        after = replica.ask()
        assert after.idle
        assert replica.pages <= rows


def test_an_idle_poll_has_the_etag_of_the_page_before(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"))
    replica = Replica(sessions, "R1")
    last = replica.ask()
    replica.apply(last, None)
    idle_page = replica.ask()
    assert idle_page.idle
    assert idle_page.etag == last.etag
    say(sessions, customer("C2", "SE"))
    assert replica.ask().idle, "another rep's news must not wake this one"
    say(sessions, customer("C1", "NW", name="News"))
    assert not replica.ask().idle


def test_an_idle_page_is_tagged_for_the_cursor_it_gives_although_the_head_moved_on(sessions: Sessions) -> None:
    """Or a device in a busy company would never again be answered with a 304."""
    say(sessions, customer("C1", "NW"))
    replica = Replica(sessions, "R1")
    replica.sync()
    cursor_sent = replica.cursor
    say(sessions, customer("C2", "SE"))
    page = replica.ask()
    assert page.idle
    assert page.cursor != cursor_sent
    replica.apply(page, cursor_sent)
    assert page.etag == etag_of(replica.cursor or "")


# Rule 8, history 4: `seen`.
def test_a_server_behind_what_the_device_has_seen_says_not_yet(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"))
    replica = Replica(sessions, "R1").sync()
    assert replica.cursor is not None
    cursor = decode_cursor(replica.cursor)
    ahead = Cursor(cursor.epoch, cursor.seen + 1, cursor.marks)
    replica.cursor = ahead.encode()
    with pytest.raises(NotYet):
        replica.ask()


def test_a_cut_page_names_the_head_of_its_snapshot_as_seen(sessions: Sessions) -> None:
    """A replica of the database that has only what the page had must not say that nothing is left."""
    say(sessions, *[customer(f"C{n:03}", "NW", notes="x" * 1000) for n in range(50)])
    replica = Replica(sessions, "R1", limit_bytes=LEAST)
    page = replica.step()
    with sessions() as session:
        head = positions.head(session).position
    assert decode_cursor(page["cursor"]).seen == head


# Rule 8, history 7: an epoch.
def test_a_cursor_of_another_epoch_gets_a_reset_and_everything_again(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), customer("C3", "NW"))
    replica = Replica(sessions, "R1").sync()
    with sessions() as session, session.begin():
        positions.new_epoch(session)
    say(sessions, Gone("customers", "C3"))
    page = replica.step()
    assert page["reset"] == "epoch_changed"
    assert set(replica.rows) == {("customers", "C1")}


def test_an_invalid_cursor_is_refused(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"))
    replica = Replica(sessions, "R1").sync()
    cursor = replica.cursor
    assert cursor is not None
    for garbage in (
        "garbage",
        "",
        "%%%",
        cursor[:-3],
        cursor[:10] + "AAAA" + cursor[14:],
        cursor + cursor,
        "A" * 20_000,
    ):
        replica.cursor = garbage or "="
        with pytest.raises(CursorInvalid):
            replica.ask()


def test_a_cursor_of_another_rep_reveals_nothing(sessions: Sessions) -> None:
    say(sessions, customer("C1", "NW"), customer("C2", "SE"))
    other = Replica(sessions, "R2").sync()
    thief = Replica(sessions, "R1")
    thief.cursor = other.cursor
    thief.sync()
    assert set(thief.rows) == {("customers", "C1")}


def test_the_cursor_stays_small(sessions: Sessions) -> None:
    say(sessions, unit(), customer("C1", "NW"), order("O1", "C1"), receivable("I1", "C1"))
    replica = Replica(sessions, "R1").sync()
    assert replica.cursor is not None
    assert len(replica.cursor) < 400
