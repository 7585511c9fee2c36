"""Real worker processes, with the recording ERP installed as a third party's connector would be."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.eventually import eventually
from tests.services.process import ServerProcess
from tests.unit.delivery.inbox_fixture import InboxFixture

ROOT = Path(__file__).parents[3]

PROGRAM = """
import os
from backend import logs
from backend.settings import read_settings
from backend.worker import run
logs.configure()
run(read_settings(os.environ), threads=int(os.environ["THREADS"]))
"""


def install_connector(folder: Path) -> Path:
    """Make a folder that, on the path, offers the connectors of the tests among the entry points."""
    info = folder / "recording_erp-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: recording-erp\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[satchel.connectors]\nrecording = tests.unit.delivery.recording_erp:connect\n"
        "slow = tests.bench.slow_erp:connect\n"
    )
    return folder


def environ(inbox: InboxFixture, **variables: str) -> dict[str, str]:
    """The environment of a worker on *inbox*'s database and ERP, quick enough for tests."""
    erp = inbox.erp
    site = install_connector(erp.folder.parent / "site")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("SATCHEL_")},
        "PYTHONPATH": f"{site}{os.pathsep}{ROOT}",
        "THREADS": "2",
        "SATCHEL_FOLDER": str(inbox.settings.folder),
        "SATCHEL_DATABASE_URL": inbox.settings.database_url,
        "SATCHEL_CONNECTOR": "recording",
        "SATCHEL_ERP_FOLDER": str(erp.folder),
        "SATCHEL_ERP_ENFORCES_KEY": "yes" if erp.enforces_key else "no",
        "SATCHEL_QUIET_SECONDS": "1",
        # Longer than a thread is held up on a busy machine: without a key of the ERP's that would double.
        "SATCHEL_LEASE_SECONDS": "20",
        "SATCHEL_POLL_SECONDS": "0.05",
        "SATCHEL_BACKOFF_BASE_SECONDS": "0.1",
        "SATCHEL_BACKOFF_CAP_SECONDS": "1",
        **variables,
    }


@contextmanager
def worker(inbox: InboxFixture, **variables: str) -> Iterator[ServerProcess]:
    """Run a worker for a while; *variables* are environment variables."""
    process = ServerProcess(
        [sys.executable, "-c", PROGRAM], inbox.erp.folder.parent / "worker.log", env=environ(inbox, **variables)
    )
    try:
        yield process
    finally:
        process.kill()


def worker_to_kill(inbox: InboxFixture, **variables: str) -> AbstractContextManager[ServerProcess]:
    """Run a worker that is about to be killed: what it was sending is soon another's."""
    return worker(inbox, SATCHEL_LEASE_SECONDS="1", **variables)


def killed(process: ServerProcess) -> None:
    """Wait until *process* has been killed by its failpoint."""
    eventually(lambda: not process.alive)
    assert process._process.returncode == -signal.SIGKILL, process.log.read_text()


def all_accepted(inbox: InboxFixture, ids: list[str]) -> None:
    """Wait until all of *ids* are accepted, and compare with what the ERP has executed: each exactly once."""
    eventually(lambda: inbox.states(*ids) == ["accepted"] * len(ids), "all are accepted")
    assert [inbox.erp.created(id) for id in ids] == [1] * len(ids)


def processes_with(variables: Mapping[str, str]) -> list[int]:
    """The ids of the processes whose environment holds *variables* (Linux)."""
    expected = [f"{name}={value}".encode() for name, value in variables.items()]
    pids = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            entries = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if all(entry in entries for entry in expected):
            pids.append(int(path.parent.name))
    return pids
