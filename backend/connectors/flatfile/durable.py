"""Files that are there whole or not at all, even when the power is cut between two instructions."""

import os
from collections.abc import Iterable
from pathlib import Path

CHUNK = 1 << 20


def write_durably(path: Path, chunks: Iterable[bytes]) -> None:
    """Write *chunks* to *path* by way of `<name>.tmp`: written, synced, renamed, and the folder synced.

    Whatever stood there is replaced. Raises OSError.
    """
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("wb") as out:
        for chunk in chunks:
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def move_durably(source: Path, target: Path) -> bool:
    """Move *source* to *target* on the same file system; say whether there was anything to move.

    The target's folder is made where it is missing. Raises OSError.
    """
    target.parent.mkdir(exist_ok=True)
    try:
        source.replace(target)
    except FileNotFoundError:
        return False
    sync_folder(target.parent)
    sync_folder(source.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
