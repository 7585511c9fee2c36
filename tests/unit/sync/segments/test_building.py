"""Building: what is due is built from one snapshot, offered at its position, and replaces what was on offer."""

import json
from typing import Any

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import compaction, position_times
from backend.feed.changes import publish
from backend.feed.compaction import compact
from backend.feed.models import FeedSegment
from backend.settings import Settings
from backend.sync.segments.build_lock import build_lock
from backend.sync.segments.due import build_due
from backend.sync.segments.file_store import FileStore
from backend.sync.segments.store_factory import make_store
from backend.sync.segments.sweep import RETIRED_DAYS, sweep
from sync_protocol.change import Gone
from sync_protocol.segment import decode
from tests.unit.sync.replica import Replica
from tests.unit.sync.segments.company import CUSTOMERS, customers, large_company, set_of
from tests.unit.sync.segments.phone import sees_what_rows_say

pytestmark = pytest.mark.both_dialects


@pytest.fixture
def store(settings: Settings) -> FileStore:
    file_store = make_store(settings)
    assert isinstance(file_store, FileStore)
    return file_store


def rows_in(store: FileStore, segments: list[FeedSegment]) -> dict[str, Any]:
    return {
        key: json.loads(body)
        for segment in segments
        for key, body in decode(store.path(segment.sha256).read_bytes(), sha256=segment.sha256, most=2**24).rows
    }


def test_streams_below_the_threshold_are_left_alone(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    large_company(sessions, 499)
    assert build_due(sessions, store, clock, settings) == []
    customers(sessions, 499, 500)
    (built,) = build_due(sessions, store, clock, settings)
    assert (built.stream, built.rows) == (CUSTOMERS, 500)


def test_a_set_holds_the_snapshot_and_is_offered_at_its_position(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    head = large_company(sessions, 2_000)
    (built,) = build_due(sessions, store, clock, settings)
    assert (built.position, built.rows) == (head, 2_000)
    replica = Replica(sessions, "R1", schema=2)
    page = json.loads(replica.ask().body)
    descriptions = [description for description in page["segments"] if description["collection"] == "customers"]
    assert {description["position"] for description in descriptions} == {head}
    records = Replica(sessions, "R1").sync().records("customers")
    assert rows_in(store, set_of(sessions)) == records
    assert [change for change in page["changes"] if change["collection"] == "customers"] == []


def test_a_set_that_took_longer_to_build_than_tombstones_live_is_not_offered(
    sessions: Sessions,
    store: FileStore,
    clock: ManualClock,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A device that applied it would never learn what was deleted meanwhile."""
    large_company(sessions, 600)
    put = store.put

    def slowly(name: str, data: bytes) -> None:
        put(name, data)
        with sessions() as session, session.begin():
            publish(session, [Gone("customers", "C0000007")])
        with sessions() as session, session.begin():
            position_times.record(session, clock)
        clock.advance(days=31)
        assert compaction.compact(sessions, clock, 30) == 1

    monkeypatch.setattr(store, "put", slowly)
    assert build_due(sessions, store, clock, settings) == []
    assert set_of(sessions) == []
    monkeypatch.undo()
    (built,) = build_due(sessions, store, clock, settings)
    assert built.rows == 599
    assert sees_what_rows_say(sessions, store)


def test_a_set_is_rebuilt_when_its_tail_outgrows_it(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    large_company(sessions, 1_000)
    (first,) = build_due(sessions, store, clock, settings)
    customers(sessions, 0, 200, name="Renamed")
    assert build_due(sessions, store, clock, settings) == []
    with sessions() as session, session.begin():
        publish(session, [Gone("customers", "C0000999")])
    (second,) = build_due(sessions, store, clock, settings)
    assert second.position > first.position and second.rows == 999
    assert {row.position for row in set_of(sessions)} == {second.position}
    with sessions() as session:
        retired = session.query(FeedSegment).where(FeedSegment.position == first.position).all()
    assert retired and all(row.retired_at == clock.now() for row in retired)
    assert all(store.path(row.sha256).exists() for row in retired)


def test_a_stream_that_shrank_below_the_threshold_is_served_as_rows_again(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    large_company(sessions, 600)
    build_due(sessions, store, clock, settings)
    with sessions() as session, session.begin():
        publish(session, [Gone("customers", f"C{n:07}") for n in range(200)])
    assert build_due(sessions, store, clock, settings) == []
    assert set_of(sessions) == []


def test_a_set_older_than_the_tombstone_lifetime_is_rebuilt(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    large_company(sessions, 600)
    build_due(sessions, store, clock, settings)
    with sessions() as session, session.begin():
        publish(session, [Gone("customers", "C0000599")])
        position_times.record(session, clock)
    clock.advance(days=settings.tombstone_days - 1)
    assert build_due(sessions, store, clock, settings) == []
    clock.advance(days=1)
    (built,) = build_due(sessions, store, clock, settings)
    assert built.rows == 599
    assert build_due(sessions, store, clock, settings) == []
    assert compact(sessions, clock, settings.tombstone_days) == 0, "the retired set may still be fetched"
    clock.advance(days=RETIRED_DAYS, seconds=1)
    sweep(sessions, store, clock, settings)
    assert compact(sessions, clock, settings.tombstone_days) == 1
    assert build_due(sessions, store, clock, settings) == [], "nothing has changed since"


def test_unchanged_key_ranges_keep_their_files(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    large_company(sessions, 900, noise=2_000)
    (first,) = build_due(sessions, store, clock, settings)
    assert first.segments >= 4
    customers(sessions, 0, 190, name="Renamed", noise=2_000)
    (second,) = build_due(sessions, store, clock, settings)
    assert second.reused >= first.segments - 2


def test_only_one_process_builds_at_a_time(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    large_company(sessions, 600)
    with build_lock(sessions, settings.folder) as acquired:
        assert acquired
        with build_lock(sessions, settings.folder) as second:
            assert not second
        assert build_due(sessions, store, clock, settings) == []
    assert len(build_due(sessions, store, clock, settings)) == 1


def test_a_change_published_during_a_build_is_not_lost(
    sessions: Sessions,
    store: FileStore,
    clock: ManualClock,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The snapshot is the set's position: a change that commits during the build stands above it."""
    large_company(sessions, 1_000)
    put = FileStore.put

    def busy(self: FileStore, name: str, data: bytes) -> None:
        customers(sessions, 500, 501, name="Changed meanwhile")
        put(self, name, data)

    monkeypatch.setattr(FileStore, "put", busy)
    (built,) = build_due(sessions, store, clock, settings)
    monkeypatch.undo()
    assert rows_in(store, set_of(sessions))["C0000500"]["name"] != "Changed meanwhile"
    assert {row.position for row in set_of(sessions)} == {built.position}
    phone = sees_what_rows_say(sessions, store)
    assert phone.records("customers")["C0000500"]["name"] == "Changed meanwhile"
