"""The device's folder is readable by its owner only: it has prices, customers, and the key that signs.

A file of its own, because the folder is not only the database's: receipts, segments and keys are in it.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

OTHERS = 0o077
"""The permission bits of everybody but the owner."""


def make_private(folder: Path, database: Path) -> None:
    """Create *folder* and *database* if they are missing, readable by their owner only; close existing ones.

    A folder without *database* that existed before may be somebody's home: it stays as it is, and only the
    files of the device are closed.
    """
    is_ours = database.exists() or not folder.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(OSError):
        # SQLite gives its other files the permissions of this one.
        os.close(os.open(database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    for path in _ours(folder, database):
        with contextlib.suppress(OSError):
            mode = path.stat().st_mode & 0o777
            if mode & OTHERS:
                path.chmod(mode & ~OTHERS)
    if is_ours:
        with contextlib.suppress(OSError):
            folder.chmod(folder.stat().st_mode & 0o700)


def _ours(folder: Path, database: Path) -> Iterator[Path]:
    """Yield the files and folders of a device in *folder* that are not links."""
    patterns = (
        f"{database.name}*",
        "key-*",
        "unsent-*.zip",
        "wiped.json",
        "receipts",
        "receipts/*",
        "segments",
        "segments/*",
    )
    for pattern in patterns:
        yield from (path for path in folder.glob(pattern) if not path.is_symlink())
