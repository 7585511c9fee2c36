"""The sweep: retired sets are served for a while, then go; what a living set names stays."""

import datetime as dt
import os

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.feed import segments
from backend.settings import Settings, read_settings
from backend.sync.segments.build_lock import build_lock
from backend.sync.segments.due import build_due
from backend.sync.segments.file_store import FileStore
from backend.sync.segments.store_factory import make_store
from backend.sync.segments.sweep import RETIRED_DAYS, SweepResult, sweep
from tests.unit.sync.segments.company import CUSTOMERS, customers, large_company, set_of
from tests.unit.sync.segments.phone import Phone, sees_what_rows_say


@pytest.fixture
def store(settings: Settings) -> FileStore:
    file_store = make_store(settings)
    assert isinstance(file_store, FileStore)
    return file_store


def written(store: FileStore, when: dt.datetime) -> None:
    """Give every file the age it would have by the test's clock."""
    for file in store.stored():
        os.utime(store.path(file.name), (when.timestamp(), when.timestamp()))


def two_sets(sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings) -> set[str]:
    """Build twice; return the names that only the first, retired set has."""
    large_company(sessions, 800, noise=2_000)
    build_due(sessions, store, clock, settings)
    first = {row.sha256 for row in set_of(sessions)}
    customers(sessions, 0, 180, name="Renamed", noise=2_000)
    build_due(sessions, store, clock, settings)
    second = {row.sha256 for row in set_of(sessions)}
    assert first & second and first - second
    written(store, clock.now())
    return first - second


def test_a_retired_set_is_served_until_its_time_is_over(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    gone = two_sets(sessions, store, clock, settings)
    with sessions() as session:
        oldest = segments.oldest_served_position(session, CUSTOMERS)
    clock.advance(seconds=RETIRED_DAYS * 86_400)
    assert sweep(sessions, store, clock, settings) == SweepResult()
    clock.advance(seconds=1)
    result = sweep(sessions, store, clock, settings)
    assert result.files == len(gone) and result.segments >= len(gone)
    on_offer = set_of(sessions)
    assert {file.name for file in store.stored()} == {row.sha256 for row in on_offer}
    with sessions() as session:
        assert segments.oldest_served_position(session, CUSTOMERS) == on_offer[0].position > (oldest or 0)
    sees_what_rows_say(sessions, store)


def test_a_retired_set_is_served_no_longer_than_tombstones_live(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    two_sets(sessions, store, clock, settings)
    brief = read_settings(
        {
            "SATCHEL_FOLDER": str(settings.folder),
            "SATCHEL_DATABASE_URL": settings.database_url,
            "SATCHEL_TOMBSTONE_DAYS": "2",
        }
    )
    clock.advance(seconds=2 * 86_400 + 1)
    assert sweep(sessions, store, clock, brief).files > 0


def test_a_phone_within_a_retired_set_continues_with_the_new_one(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    large_company(sessions, 800, noise=2_000)
    build_due(sessions, store, clock, settings)
    phone = Phone(sessions, store)
    phone.step()
    description = phone.offers[0]
    phone.apply_segment(description, store.path(description["sha256"]).read_bytes())
    customers(sessions, 600, 780, name="Renamed", noise=2_000)
    build_due(sessions, store, clock, settings)
    written(store, clock.now())
    clock.advance(seconds=RETIRED_DAYS * 86_400 + 1)
    sweep(sessions, store, clock, settings)
    phone.sync()
    assert {ref: row[2] for ref, row in phone.rows.items()} == {
        ref: row[2] for ref, row in sees_what_rows_say(sessions, store).rows.items()
    }


def test_old_orphan_segment_files_are_deleted(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    name = "ab" * 32
    store.put(name, b"left by a builder that died")
    (store.folder / "ab" / f".{name}.1234abcd").write_bytes(b"half a fi")
    written_at = clock.now().timestamp()
    for path in store.folder.glob("??/*"):
        os.utime(path, (written_at, written_at))
    clock.advance(seconds=86_400)
    assert sweep(sessions, store, clock, settings).files == 0
    clock.advance(seconds=1)
    assert sweep(sessions, store, clock, settings).files == 2
    assert list(store.stored()) == []


def test_nothing_is_swept_during_a_build(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    two_sets(sessions, store, clock, settings)
    clock.advance(seconds=30 * 86_400)
    with build_lock(sessions, settings.folder):
        assert sweep(sessions, store, clock, settings) == SweepResult()
    assert sweep(sessions, store, clock, settings).files > 0
