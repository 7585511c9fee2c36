"""The scrub: damaged and missing files are found, withdrawn and built anew; whole ones are left alone."""

import pytest

from backend.clock import ManualClock
from backend.db import Sessions
from backend.settings import Settings
from backend.sync.segments.due import build_due
from backend.sync.segments.folder import FolderStore
from backend.sync.segments.scrub import scrub
from tests.segments.company import large_company, set_of
from tests.segments.phone import sees_what_rows_say


@pytest.fixture
def store(sessions: Sessions, clock: ManualClock, settings: Settings) -> FolderStore:
    """A store with a set on offer."""
    large_company(sessions, 800, noise=2_000)
    found = FolderStore(settings.folder / "segments")
    build_due(sessions, found, clock, settings)
    return found


def test_whole_files_are_left_alone(sessions: Sessions, store: FolderStore, clock: ManualClock) -> None:
    before = [(row.sha256, row.position) for row in set_of(sessions)]
    assert before and scrub(sessions, store, clock) == []
    assert [(row.sha256, row.position) for row in set_of(sessions)] == before


@pytest.mark.parametrize("how", ["another byte", "cut", "longer", "missing"])
def test_what_is_damaged_is_withdrawn_and_built_anew(
    sessions: Sessions, store: FolderStore, clock: ManualClock, settings: Settings, how: str
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
