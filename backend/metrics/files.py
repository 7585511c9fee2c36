"""Where the processes of one machine keep what they count: two files each, which a scrape adds up.

Every process holds a lock on its `.alive` file for as long as it lives. So it is known which have ended without
process ids, which repeat in containers. What ended processes have counted is added to the files named `past`:
if it were deleted, totals would fall, and Prometheus would take that for a new start and count the rest twice.
The first process that starts while no other lives begins with an empty directory.
"""

import fcntl
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from backend.metrics import METRICS

KINDS = ("counter", "histogram")
ALLOCATED = 1024 * 1024
"""Bytes of each file; a test shows that everything there may be fits in."""
FOREIGN_DAYS = 7
"""After so many days without a sign of life the directory of another machine is deleted."""
HEARTBEAT = "exporter.lock"
"""Touched by who serves the directory; its age tells whether anybody uses it."""

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_alive: list[int] = []
"""The open `.alive` file; closing it would say that this process has ended."""


def directory_in(folder: Path) -> Path:
    """Return this machine's directory; two that share *folder* over a network cannot share mapped files."""
    return folder / "metrics" / (socket.gethostname() or "localhost")


def join(folder: Path) -> Path:
    """Let this process count in files of its own below *folder*; return their directory.

    What was counted in memory until now is forgotten. Call it once, after the last fork. Raises OSError where
    the files cannot be made, also for want of space; then counting continues in memory.
    """
    directory = directory_in(folder)
    directory.mkdir(parents=True, exist_ok=True)
    identity = f"{os.getpid()}-{secrets.token_hex(4)}"
    with locked(directory):
        if not any(_lives(path) for path in directory.glob("*.alive")):
            _clear(directory)
        descriptor = os.open(directory / f"{identity}.alive", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            # Renamed when it is whole: a scrape reads every .db file, and cannot read an empty one.
            for kind in KINDS:
                _reserve(directory / f"{kind}_{identity}.new")
            for kind in KINDS:
                new = directory / f"{kind}_{identity}.new"
                new.rename(new.with_suffix(".db"))
        except OSError:
            os.close(descriptor)
            _delete_files_of(directory, identity)
            raise
        _alive.append(descriptor)
    _delete_foreign(directory)
    _count_in(directory, identity)
    return directory


def add_up_ended(directory: Path) -> None:
    """Add what ended processes have counted to the past, and delete their files. Raises OSError."""
    with locked(directory):
        for alive in directory.glob("*.alive"):
            if _lives(alive):
                continue
            for kind in KINDS:
                ended = directory / f"{kind}_{alive.stem}.db"
                if ended.exists():
                    _add(ended, directory / f"{kind}_past.db")
            _delete_files_of(directory, alive.stem)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold *directory*, so that nobody takes a process that is about to start for one that has ended."""
    with (directory / "directory.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _count_in(directory: Path, identity: str) -> None:
    before = values.ValueClass
    os.environ[_FOLDER] = str(directory)
    try:
        values.ValueClass = values.MultiProcessValue(lambda: identity)
        for metric in METRICS:
            metric.reset()
    except OSError:
        values.ValueClass = before
        for metric in METRICS:
            metric.reset()
        raise
    finally:
        # A child process would take it for its own, and write files that nobody knows.
        del os.environ[_FOLDER]


def _delete_files_of(directory: Path, identity: str) -> None:
    """Delete what there is of a process; its `.alive` file last, by which the others are found."""
    for kind in KINDS:
        for suffix in ("new", "db"):
            (directory / f"{kind}_{identity}.{suffix}").unlink(missing_ok=True)
    (directory / f"{identity}.alive").unlink(missing_ok=True)


def _reserve(path: Path) -> None:
    """Reserve the file's blocks: writing to a mapped hole of a full disk would kill the process (SIGBUS)."""
    with path.open("ab") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, ALLOCATED)
        else:
            file.write(bytes(max(0, ALLOCATED - file.tell())))


def _lives(path: Path) -> bool:
    """Say whether the process of this `.alive` file still runs."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _add(ended: Path, past: Path) -> None:
    # A new file takes the old one's place. If we die between that and the deletion, one process counts twice.
    new = past.with_suffix(".new")
    new.unlink(missing_ok=True)
    if past.exists():
        shutil.copyfile(past, new)
    _reserve(new)
    sums = MmapedDict(str(new))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(ended)):
            sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
    finally:
        sums.close()
    new.replace(past)
    ended.unlink()


def _clear(directory: Path) -> None:
    for path in [*directory.glob("*.db"), *directory.glob("*.alive"), *directory.glob("*.new")]:
        path.unlink(missing_ok=True)


def _delete_foreign(directory: Path) -> None:
    """Delete directories of machines that are no more: every container has a name of its own."""
    for other in directory.parent.iterdir():
        beat = other / HEARTBEAT
        if other != directory and beat.exists() and time.time() - beat.stat().st_mtime > FOREIGN_DAYS * 86_400:
            shutil.rmtree(other, ignore_errors=True)
