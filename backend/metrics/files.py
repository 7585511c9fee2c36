"""The files in which the processes of one machine count: two for each process, which a scrape adds up.

Every process holds a lock on its `.alive` file until it ends. So ended processes are recognised without process
ids, which repeat in containers. The counts of ended processes are added to the files named `past`: if they were
deleted, totals would decrease, and Prometheus would take that for a restart and count the remaining values
twice. A process that starts while no other runs starts with an empty directory.
"""

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

from backend.file_lock import lock, try_lock
from backend.files import make_private_folder
from backend.metrics import METRICS

KINDS = ("counter", "histogram")
ALLOCATED = 1024 * 1024
"""Bytes of each file; a test proves that the maximum number of metrics fits."""
FOREIGN_DAYS = 7
"""The directory of another machine is deleted if its heartbeat is older than this many days."""
HEARTBEAT = "exporter.lock"
"""Touched by the process that serves the directory; its age shows whether the directory is in use."""

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_alive: list[int] = []
"""The open `.alive` file; if it were closed, this process would count as ended."""


def directory_in(folder: Path) -> Path:
    """Return the directory of this machine: machines that share *folder* cannot share mapped files."""
    return folder / "metrics" / (socket.gethostname() or "localhost")


def join(folder: Path) -> Path:
    """Make this process count in its own files below *folder*; return their directory.

    Counts in memory are lost. Call it once, after the last fork. Raises OSError if the files cannot be created,
    also because the disk is full; then counting continues in memory.
    """
    directory = directory_in(folder)
    make_private_folder(directory)
    identity = f"{os.getpid()}-{secrets.token_hex(4)}"
    with locked(directory):
        if not any(_is_running(path) for path in directory.glob("*.alive")):
            _clear(directory)
        descriptor = os.open(directory / f"{identity}.alive", os.O_RDWR | os.O_CREAT, 0o600)
        lock(descriptor)
        try:
            # Renamed when complete: a scrape reads every .db file, and fails on an empty one.
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
    """Add the counts of ended processes to the `past` files, and delete their own files. Raises OSError."""
    with locked(directory):
        for alive in directory.glob("*.alive"):
            if _is_running(alive):
                continue
            for kind in KINDS:
                ended = directory / f"{kind}_{alive.stem}.db"
                if ended.exists():
                    _add(ended, directory / f"{kind}_past.db")
            _delete_files_of(directory, alive.stem)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Lock *directory*, so that a process that is just starting is not taken for an ended one."""
    with (directory / "directory.lock").open("a") as file:
        lock(file)
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
        # A child process would inherit it, and write files that nobody adds up.
        del os.environ[_FOLDER]


def _delete_files_of(directory: Path, identity: str) -> None:
    """Delete the files of a process. The `.alive` file is last, because the others are found by it."""
    for kind in KINDS:
        for suffix in ("new", "db"):
            (directory / f"{kind}_{identity}.{suffix}").unlink(missing_ok=True)
    (directory / f"{identity}.alive").unlink(missing_ok=True)


def _reserve(path: Path) -> None:
    """Allocate the file's blocks: on a full disk, a write to an unallocated mapped page kills us (SIGBUS)."""
    with path.open("ab") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, ALLOCATED)
        else:
            file.write(bytes(max(0, ALLOCATED - file.tell())))


def _is_running(path: Path) -> bool:
    """Return whether the process of this `.alive` file still runs."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


def _add(ended: Path, past: Path) -> None:
    # A new file replaces the old one. A crash between that and the deletion counts one process twice.
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
    """Delete directories of machines that no longer exist: every new container has a new host name."""
    for other in directory.parent.iterdir():
        heartbeat = other / HEARTBEAT
        if (
            other != directory
            and heartbeat.exists()
            and time.time() - heartbeat.stat().st_mtime > FOREIGN_DAYS * 86_400
        ):
            shutil.rmtree(other, ignore_errors=True)
