"""Durable files: a file is on disk whole or not at all, even if the power fails between two instructions.

On POSIX a rename is atomic, but neither the bytes of a file nor its name are on disk before fsync: of the file,
and of its folder. Every function raises OSError.
"""

import os
from collections.abc import Iterable
from pathlib import Path


def write_synced(path: Path, chunks: Iterable[bytes], *, mode: int = 0o666) -> None:
    """Write *chunks* to *path* and sync them. A crash leaves part of them: for drafts, which are renamed later.

    A file that this creates gets the permissions *mode*, less the process's umask.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def write_atomically(path: Path, chunks: Iterable[bytes]) -> None:
    """Replace *path* by a file of *chunks*, which is written as `<name>.tmp` first.

    Two processes must not write the same *path* at once. A crash may leave `<name>.tmp` behind.
    """
    draft = path.with_name(path.name + ".tmp")
    write_synced(draft, chunks)
    rename_synced(draft, path)


def rename_synced(source: Path, target: Path, *, missing_ok: bool = False) -> None:
    """Rename *source* to *target* on the same file system, replacing what is there, and sync both folders.

    With *missing_ok* a *source* that does not exist is left at that: a repeated move has nothing to do.
    """
    try:
        source.replace(target)
    except FileNotFoundError:
        if not missing_ok:
            raise
        return
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def sync_folder(folder: Path) -> None:
    """Sync the names in *folder*; syncing a file's bytes does not sync its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
