"""Compaction: what goes, what stays, and what the floor says about it."""

import json
import threading

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import compaction, position_times, positions
from backend.feed.models import FeedRow, FeedSegment, FeedStream
from sync_protocol.change import Gone, Stream
from tests.conftest import MONDAY
from tests.databases import engine_of, prepared
from tests.eventually import SECONDS
from tests.unit.sync.company import customer, order, say

pytestmark = pytest.mark.both_dialects

NW: Stream = ("territory:NW", "customers")


def tombstones(sessions: Sessions) -> set[tuple[str, str]]:
    with sessions() as session:
        rows = session.execute(select(FeedRow.channel, FeedRow.key).where(FeedRow.body.is_(None)))
        return {(row.channel, row.key) for row in rows}


def stream(sessions: Sessions, name: Stream = NW) -> FeedStream:
    with sessions() as session:
        row = session.get(FeedStream, name)
        assert row is not None
        return row


def pass_days(sessions: Sessions, clock: ManualClock, days: int) -> None:
    """Let time pass, with a worker that notes where the feed stands."""
    with sessions() as session, session.begin():
        position_times.record(session, clock)
    clock.advance(days=days)


def delete(sessions: Sessions, *keys: str) -> int:
    return say(sessions, *[Gone("customers", key) for key in keys])


def add_segment(sessions: Sessions, position: int, *, retired: bool = False, name: Stream = NW) -> None:
    with sessions() as session, session.begin():
        session.add(
            FeedSegment(
                channel=name[0], collection=name[1], position=position, key_from="", sha256="0" * 64, bytes=1,
                rows=1, built_at=MONDAY, retired_at=MONDAY if retired else None,
            )
        )  # fmt: skip


def test_compaction_deletes_old_tombstones_and_raises_the_floor(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, *[customer(f"C{n}", "NW") for n in range(5)])
    delete(sessions, "C0")
    gone = delete(sessions, "C1")
    pass_days(sessions, clock, 31)
    delete(sessions, "C2")
    before = stream(sessions)
    assert compaction.compact(sessions, clock, 30) == 2
    assert tombstones(sessions) == {("territory:NW", "C2")}
    after = stream(sessions)
    assert (before.floor, after.floor) == (0, gone)
    assert (after.head, after.rows, after.sum) == (before.head, before.rows, before.sum)


def test_compaction_keeps_live_and_restored_rows(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"), order("O1", "C1"), customer("C2", "NW"))
    delete(sessions, "C2")
    say(sessions, customer("C2", "NW", name="Back again"))
    pass_days(sessions, clock, 1000)
    assert compaction.compact(sessions, clock, 1) == 0
    with sessions() as session:
        bodies = {row.key: json.loads(str(row.body)) for row in session.scalars(select(FeedRow))}
    assert set(bodies) == {"C1", "O1", "C2"}
    assert bodies["C2"]["name"] == "Back again"


def test_a_stream_without_tombstones_keeps_its_floor(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"), customer("C9", "SE"))
    delete(sessions, "C9")
    pass_days(sessions, clock, 31)
    assert compaction.compact(sessions, clock, 30) == 1
    assert stream(sessions).floor == 0
    assert stream(sessions, ("territory:SE", "customers")).floor > 0


def test_compaction_keeps_tombstones_of_unknown_age(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"))
    delete(sessions, "C1")
    clock.advance(days=1000)  # nobody noted anything
    assert compaction.compact(sessions, clock, 30) == 0
    pass_days(sessions, clock, 29)
    assert compaction.compact(sessions, clock, 30) == 0
    clock.advance(days=1)
    assert compaction.compact(sessions, clock, 30) == 1


def test_compaction_keeps_tombstones_above_the_oldest_live_segment(
    sessions: Sessions, clock: ManualClock
) -> None:
    say(sessions, *[customer(f"C{n}", "NW") for n in range(4)])
    first = delete(sessions, "C0")
    add_segment(sessions, first, retired=True)
    second = delete(sessions, "C1")
    add_segment(sessions, second)
    delete(sessions, "C2")
    pass_days(sessions, clock, 31)
    assert compaction.compact(sessions, clock, 30) == 1
    assert tombstones(sessions) == {("territory:NW", "C1"), ("territory:NW", "C2")}
    assert stream(sessions).floor <= first
    with sessions() as session, session.begin():
        session.execute(text("DELETE FROM feed_segment WHERE retired_at IS NOT NULL"))
    assert compaction.compact(sessions, clock, 30) == 1
    assert first < stream(sessions).floor <= second


def test_compaction_works_in_batches_and_raises_the_floor_each_time(
    sessions: Sessions, clock: ManualClock
) -> None:
    say(sessions, *[customer(f"C{n}", "NW") for n in range(10)])
    delete(sessions, *[f"C{n}" for n in range(10)])
    pass_days(sessions, clock, 31)
    with sessions() as session:
        gone = session.scalars(select(FeedRow.position).order_by(FeedRow.position)).all()
    for deleted in range(0, 10, 4):
        with sessions() as session, session.begin():
            compaction.delete_expired(session, NW, gone[-1], limit=4)
        assert len(tombstones(sessions)) == max(0, 10 - deleted - 4)
        assert stream(sessions).floor == gone[min(deleted + 3, 9)]


def test_a_dry_run_counts_tombstones(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, customer("C1", "NW"), order("O1", "C1"), customer("C2", "SE"))
    say(sessions, customer("C1", "SE"))
    delete(sessions, "C2")
    pass_days(sessions, clock, 31)
    with sessions() as session:
        expired = compaction.find_expired(session, positions.head(session).position)
    assert {(stream_counts.stream, stream_counts.tombstones) for stream_counts in expired} == {
        (NW, 1),
        (("territory:NW", "orders"), 1),
        (("territory:SE", "customers"), 1),
    }
    assert compaction.compact(sessions, clock, 30) == 3


def test_a_writer_waits_for_one_batch_of_a_compaction_only(sessions: Sessions, clock: ManualClock) -> None:
    say(sessions, *[customer(f"C{n}", "NW") for n in range(3)])
    delete(sessions, "C0", "C1")
    pass_days(sessions, clock, 31)
    with sessions() as session, session.begin():
        assert compaction.delete_expired(session, NW, 1_000) == 2
        writer = threading.Thread(target=say, args=(sessions, customer("C0", "NW", name="Meanwhile")))
        writer.start()
        writer.join(0.3)
        assert writer.is_alive(), "it wrote although the collection holds the feed's lock"
    writer.join(SECONDS)
    assert not writer.is_alive()
    with sessions() as session:
        assert session.scalar(select(func.count()).where(FeedRow.body.is_not(None))) == 2


def test_finding_tombstones_does_not_scan_live_rows(fresh_postgres_url: str) -> None:
    sessions = prepared(fresh_postgres_url)
    with sessions() as session, session.begin():
        _a_million_rows(session)
    with sessions() as session:
        for statement in (
            "SELECT DISTINCT channel, collection FROM feed WHERE body IS NULL AND position <= 2000000",
            "SELECT position FROM feed WHERE channel = 'territory:7' AND collection = 'customers'"
            " AND body IS NULL AND position <= 2000000 ORDER BY position LIMIT 1000",
            "DELETE FROM feed WHERE channel = 'territory:7' AND collection = 'customers'"
            " AND body IS NULL AND position <= 2000000",
        ):
            plan = "\n".join(session.scalars(text(f"EXPLAIN {statement}")))
            assert "feed_tombstones" in plan and "Seq Scan" not in plan, plan
    engine_of(sessions).dispose()


def _a_million_rows(session: Session) -> None:
    """Fill the feed with a million rows, one in a hundred a tombstone, and let PostgreSQL count them."""
    indexes = session.execute(
        text("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'feed' AND indexname <> 'feed_pkey'")
    ).all()
    # Built over rows that are there already, indexes cost a fraction.
    session.execute(text("ALTER TABLE feed DROP CONSTRAINT feed_pkey"))
    for index in indexes:
        session.execute(text(f"DROP INDEX {index.indexname}"))
    session.execute(
        text(
            "INSERT INTO feed (channel, collection, key, position, body)"
            " SELECT 'territory:' || n % 50, 'customers', 'C' || n, n,"
            " CASE WHEN n % 100 = 7 THEN NULL ELSE '{\"id\":\"C' || n || '\"}' END"
            " FROM generate_series(1, 1000000) AS n"
        )
    )
    for index in indexes:
        session.execute(text(index.indexdef))
    session.execute(text("ANALYZE feed"))
