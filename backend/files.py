"""Durable files: a file is on disk whole or not at all, even if the power fails between two instructions.

On POSIX a rename is atomic, but the bytes of a file and its name are on disk only after fsync: of the file, and
of its folder. Every function raises OSError.

No function follows a link that takes the place of a file, nor opens a pipe, a socket or a device: whoever can
write into a shared folder could else lead a read or a write anywhere.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from io import BufferedReader, BufferedWriter
from pathlib import Path

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a full disk."""
PRIVATE = 0o600
"""Permissions of a file that only its owner may read."""


def open_file(path: Path) -> BufferedReader:
    """Open the regular file *path* to read it. Raises OSError for a link, also in place of its folder."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            # Without O_NONBLOCK, opening a pipe waits until somebody writes.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(path.name, flags, dir_fd=folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, "it is not a file but a pipe, socket or device", str(path))


def read_file(path: Path) -> bytes:
    """Return the bytes of the regular file *path*; as `open_file`."""
    with open_file(path) as opened:
        return opened.read()


def create_file(path: Path, *, mode: int = 0o600) -> BufferedWriter:
    """Create the file *path* and open it to write. What has its name is removed; no link is followed."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb")


def require_folder(path: Path) -> None:
    """Raise OSError unless *path* is a folder, and no link to one."""
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise OSError(errno.ENOTDIR, "it is a link or a file, and must be a folder", str(path))


def write_synced(path: Path, chunks: Iterable[bytes], *, mode: int = PRIVATE) -> None:
    """Write *chunks* to *path* and sync them. A crash leaves part of them: for drafts, which are renamed later.

    The file gets the permissions *mode*, whatever the process's umask, before anything is in it.
    """
    with create_file(path, mode=mode & PRIVATE) as file:
        if os.fstat(file.fileno()).st_mode & 0o777 != mode:
            # A mounted share may have permissions of its own.
            with contextlib.suppress(PermissionError):
                os.fchmod(file.fileno(), mode)
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def make_private_folder(folder: Path) -> None:
    """Create *folder*, and those that it is in, readable by their owner only; existing ones stay as they are.

    `Path.mkdir` gives its mode to the last one only.
    """
    for each in reversed((folder, *folder.parents)):
        if not each.exists():
            each.mkdir(exist_ok=True, mode=0o700)


def mode_in(folder: Path) -> int:
    """Return the permissions of a file that everybody may read who may list *folder*: a share with the ERP."""
    return folder.stat().st_mode & 0o666


def make_folder_like(folder: Path) -> None:
    """Create *folder*, unless it exists, with the permissions of the folder that it is in."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        with contextlib.suppress(PermissionError):
            folder.chmod(folder.parent.stat().st_mode & 0o2777)


def write_atomically(path: Path, chunks: Iterable[bytes], *, mode: int = PRIVATE) -> None:
    """Replace *path* by a file of *chunks*, which is written as `<name>.tmp` first.

    Two processes must not write the same *path* at once. A crash may leave `<name>.tmp` behind.
    """
    draft = path.with_name(path.name + ".tmp")
    write_synced(draft, chunks, mode=mode)
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
