"""Taking turns: test processes side by side must not install or build the same thing at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache"
"""Where tests keep what is costly to make; ignored by git."""


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """Hold the file *lock* for the block; whoever comes meanwhile waits."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    (lock.parent / ".gitignore").write_text("*\n")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
