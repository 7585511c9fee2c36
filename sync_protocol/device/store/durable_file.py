"""A file that is on disk whole or not at all, even if the power fails between two instructions.

The device may not import the backend, which has functions of its own for this.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def durable_file(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Yield a file to write; when the block ends, it replaces *path* and its bytes are synced.

    Call `sync_folder` afterwards: only then is its name on disk too. If the block raises, *path* is unchanged.
    A crash may leave `<name>.partial-<process>` behind. *mode* is the file's permissions, less the umask.
    """
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    # A file that a crash left may have other permissions.
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)


def sync_folder(folder: Path) -> None:
    """Sync the names in *folder*; syncing a file's bytes does not sync its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
