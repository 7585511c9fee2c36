"""Who may read an installation's files: their owner. Others, of the same machine, may not.

The folder is closed to others, which closes what is in it; and what is in it has the same permissions, in case
that a copy or a backup has another folder. docs/operations.md has a table of all files.

If nginx serves the segments (SATCHEL_SEGMENT_ACCEL), the group of the folder may reach and read those, and only
those. If the ERP's share is in the folder, everybody may reach it by its name, but not list the folder.
"""

import contextlib
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.engine import make_url

from backend.files import make_private_folder
from backend.settings import Settings

log = logging.getLogger(__name__)

PRIVATE_UMASK = 0o077
GROUP_READS = 0o750
_REACHED_BY_GROUP = 0o710
_REACHED_BY_ALL = 0o711
_SQLITE_FILES = ("", "-wal", "-shm", "-journal")


class Exposed(NamedTuple):
    """A file or folder that more people may read than should, with the permissions that it should have."""

    path: Path
    mode: int


def create_folder(settings: Settings) -> None:
    """Create the installation's folder if it is missing, and close what is in it to others.

    What cannot be changed, because it belongs to somebody else, is logged; `satchel doctor` reports it too.
    """
    make_private_folder(settings.folder)
    for each in exposed(settings):
        try:
            each.path.chmod(each.mode)
        except OSError as error:
            log.warning("%s can be read by others: %s; chmod %o", each.path, error.strerror, each.mode)


def exposed(settings: Settings) -> list[Exposed]:
    """Return the files and folders that others may read, two levels deep: closed folders close the rest."""
    return [
        Exposed(path, mode & allowed)
        for path, allowed in _paths(settings)
        for mode in _mode(path)
        if mode & ~allowed
    ]


def _paths(settings: Settings) -> Iterator[tuple[Path, int]]:
    """Yield each path with the permission bits that it may have."""
    folder = settings.folder
    share = Path(settings.erp["folder"]).expanduser().absolute() if settings.erp.get("folder") else None
    is_inside = share is not None and folder in share.parents and share.parent == folder
    by_group = _REACHED_BY_GROUP if settings.segment_accel else 0o700
    yield folder, _REACHED_BY_ALL if is_inside and not (folder / "sample.json").exists() else by_group
    for path in _entries(folder):
        if path == share:
            continue
        allowed = GROUP_READS if settings.segment_accel and path.name == "segments" else 0o700
        yield path, allowed
        if path.is_dir():
            for inner in _entries(path):
                yield inner, allowed
    if settings.embedded:
        database = Path(make_url(settings.database_url).database or "")
        if database.parent != folder:
            for suffix in _SQLITE_FILES:
                yield database.with_name(database.name + suffix), 0o600


def _entries(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.is_symlink()]
    except OSError:
        return []


def _mode(path: Path) -> Iterator[int]:
    """Yield the permission bits of *path*, or nothing if there is no such file."""
    with contextlib.suppress(OSError):
        yield stat.S_IMODE(path.stat().st_mode) & 0o777


def close_new_files() -> None:
    """Let this process, and those that it starts, create files that only their owner may read."""
    os.umask(PRIVATE_UMASK)
