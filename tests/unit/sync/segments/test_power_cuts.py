"""kill -9 of a builder or a sweep at every step: the old or the new set is on offer, and nothing rots."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.clock import SystemClock
from backend.database.core import Sessions
from backend.feed.changes import publish
from backend.settings import Settings
from backend.sync.segments import sweep as sweeping
from backend.sync.segments.due import build_due
from backend.sync.segments.file_store import FileStore
from backend.sync.segments.store_factory import make_store
from backend.sync.segments.sweep import sweep
from sync_protocol.change import Gone
from tests.unit.sync.segments.company import customers, large_company, set_of
from tests.unit.sync.segments.phone import Phone, sees_what_rows_say

ROOT = Path(__file__).parents[4]
BUILD = [
    "segments.after_file",
    "segments.after_file=kill@2",
    "segments.after_draft",
    "segments.after_files",
    "segments.before_commit",
    "segments.after_commit",
]
SWEEP = ["segments.after_forget", "segments.after_delete", "segments.after_delete=kill@2"]


@pytest.fixture
def store(settings: Settings) -> FileStore:
    file_store = make_store(settings)
    assert isinstance(file_store, FileStore)
    return file_store


def killed(settings: Settings, program: str, failpoint: str) -> None:
    """Run *program* in a process that dies at *failpoint*."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SATCHEL_")}
    environ |= {
        "PYTHONPATH": str(ROOT),
        "SATCHEL_FOLDER": str(settings.folder),
        "SATCHEL_DATABASE_URL": settings.database_url,
        "SATCHEL_FAILPOINTS": failpoint if "=" in failpoint else f"{failpoint}=kill",
    }
    result = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, timeout=600)
    assert result.returncode == -signal.SIGKILL, result.stderr.decode()[-2000:]


PROGRAM = """
import os
from backend.clock import SystemClock
from backend.database.core import make_sessions
from backend.migrations.tables import import_tables
from backend.settings import read_settings
from backend.sync.segments.due import build_due
from backend.sync.segments.store_factory import make_store
from backend.sync.segments import sweep
import_tables()
settings = read_settings(os.environ)
sweep.RETIRED_DAYS = sweep.UNREFERENCED_HOURS = 0
work = {work}
work(make_sessions(settings.database_url), make_store(settings), SystemClock(), settings)
"""


@pytest.mark.parametrize("failpoint", BUILD)
def test_a_builder_killed_at_any_step_leaves_one_whole_set_on_offer(
    sessions: Sessions, store: FileStore, settings: Settings, failpoint: str
) -> None:
    large_company(sessions, 600, noise=2_000)
    build_due(sessions, store, SystemClock(), settings)
    old = {row.position for row in set_of(sessions)}
    started = Phone(sessions, store)
    started.step()
    head = customers(sessions, 0, 300, name="Renamed", noise=2_000)
    with sessions() as session, session.begin():
        head = publish(session, [Gone("customers", "C0000599")])
    killed(settings, PROGRAM.format(work="build_due"), failpoint)
    assert {row.position for row in set_of(sessions)} == (
        {head} if failpoint == "segments.after_commit" else old
    )
    assert all(store.path(row.sha256).stat().st_size == row.bytes for row in set_of(sessions))
    sees_what_rows_say(sessions, store)
    started.sync()
    # Nobody holds the turn, and the next builder finishes what was begun.
    build_due(sessions, store, SystemClock(), settings)
    assert {row.position for row in set_of(sessions)} == {head}
    sees_what_rows_say(sessions, store)


@pytest.mark.parametrize("failpoint", SWEEP)
def test_a_sweep_killed_at_any_step_deletes_nothing_that_is_on_offer(
    sessions: Sessions,
    store: FileStore,
    settings: Settings,
    failpoint: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large_company(sessions, 600, noise=2_000)
    build_due(sessions, store, SystemClock(), settings)
    customers(sessions, 0, 540, name="Renamed", noise=2_000)
    build_due(sessions, store, SystemClock(), settings)
    killed(settings, PROGRAM.format(work="sweep.sweep"), failpoint)
    sees_what_rows_say(sessions, store)
    monkeypatch.setattr(sweeping, "RETIRED_DAYS", 0)
    monkeypatch.setattr(sweeping, "UNREFERENCED_HOURS", 0)
    sweep(sessions, store, SystemClock(), settings)
    assert {file.name for file in store.stored()} == {row.sha256 for row in set_of(sessions)}
    sees_what_rows_say(sessions, store)
