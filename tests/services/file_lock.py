"""File locks: parallel test processes must not install or build the same thing at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"
"""The folder for what is expensive to build; ignored by git."""


@contextmanager
def file_lock(lock: Path) -> Iterator[None]:
    """Hold the file *lock* in the block; other processes wait."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    (lock.parent / ".gitignore").write_text("*\n")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
