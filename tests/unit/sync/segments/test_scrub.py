"""The scrub: damaged and missing files are found, withdrawn and built again; intact ones are left alone."""

import errno
from io import FileIO

import pytest

from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.settings import Settings
from backend.sync.segments.due import build_due
from backend.sync.segments.file_store import FileStore, Slice
from backend.sync.segments.maintenance import run_maintenance
from backend.sync.segments.scrub import scrub
from backend.sync.segments.store import StoreFailed
from tests.unit.sync.segments.company import large_company, set_of
from tests.unit.sync.segments.phone import sees_what_rows_say


@pytest.fixture
def store(sessions: Sessions, clock: ManualClock, settings: Settings) -> FileStore:
    """A store with a set on offer."""
    large_company(sessions, 800, noise=2_000)
    file_store = FileStore(settings.folder / "segments")
    build_due(sessions, file_store, clock, settings)
    return file_store


def test_intact_files_are_left_alone(sessions: Sessions, store: FileStore, clock: ManualClock) -> None:
    before = [(row.sha256, row.position) for row in set_of(sessions)]
    assert before and scrub(sessions, store, clock) == []
    assert [(row.sha256, row.position) for row in set_of(sessions)] == before


@pytest.mark.parametrize("how", ["another byte", "cut", "longer", "missing"])
def test_a_damaged_segment_is_withdrawn_and_rebuilt(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings, how: str
) -> None:
    name = set_of(sessions)[0].sha256
    path = store.path(name)
    data = path.read_bytes()
    damage = {
        "another byte": data[:40] + bytes([data[40] ^ 1]) + data[41:],
        "cut": data[:-1],
        "longer": data + b"x",
    }
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(damage[how])
    assert scrub(sessions, store, clock) == [name]
    assert set_of(sessions) == []
    build_due(sessions, store, clock, settings)
    assert path.read_bytes() == data
    sees_what_rows_say(sessions, store)


class _BadBlock(FileIO):
    def read(self, size: int | None = -1, /) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


class _BadDisk(FileStore):
    """A store on a disk that does not give back one file any more."""

    bad = ""

    def open(self, name: str, start: int, length: int) -> Slice:
        return (
            Slice(_BadBlock(self.path(name)), start, length)
            if name == self.bad
            else super().open(name, start, length)
        )


def test_an_unreadable_file_counts_as_damaged(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    disk = _BadDisk(store.folder)
    disk.bad = set_of(sessions)[0].sha256
    assert scrub(sessions, disk, clock) == [disk.bad]
    assert set_of(sessions) == [] and not store.path(disk.bad).exists()


def test_an_unreadable_segment_file_is_rebuilt(
    sessions: Sessions, store: FileStore, clock: ManualClock, settings: Settings
) -> None:
    name = set_of(sessions)[0].sha256
    path = store.path(name)
    data = path.read_bytes()
    path.unlink()
    path.symlink_to(path)
    run_maintenance(sessions, clock, settings)()
    assert not path.is_symlink() and path.read_bytes() == data
    assert name in {row.sha256 for row in set_of(sessions)}
    sees_what_rows_say(sessions, store)


def test_a_failing_store_withdraws_no_set(sessions: Sessions, store: FileStore, clock: ManualClock) -> None:
    store.folder.rename(store.folder.with_name("elsewhere"))
    store.folder.write_text("a file where the folder should be")
    with pytest.raises(StoreFailed):
        scrub(sessions, store, clock)
    with pytest.raises(StoreFailed):
        list(store.stored())
    assert set_of(sessions) != []


def test_a_missing_store_folder_is_empty(store: FileStore) -> None:
    assert list(FileStore(store.folder / "none").stored()) == []
    assert {file.name for file in store.stored()} == {path.name for path in store.folder.glob("??/*")}
