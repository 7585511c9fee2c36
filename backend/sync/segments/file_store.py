"""Segments in a folder: `<folder>/segments/ab/<sha256>`. A file is there whole or not at all."""

import datetime as dt
import secrets
from collections.abc import Iterator
from pathlib import Path

from backend.failpoints import failpoint
from backend.files import rename_synced, sync_folder, write_synced
from backend.sync.segments.slice import Slice
from backend.sync.segments.store import SegmentMissing, Stored, StoreFailed
from sync_protocol.fields import Sha256


class FileStore:
    """Files on this machine, or on what is mounted here for all nodes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return where the file of that name lies; raises ValueError for what is no sha256."""
        if not Sha256.pattern.fullmatch(name):
            raise ValueError(f"{name!r} names no segment")
        return self.folder / name[:2] / name

    def put(self, name: str, data: bytes) -> None:
        path = self.path(name)
        try:
            if path.exists() and path.stat().st_size == len(data):
                return
            is_new = not path.parent.exists()
            path.parent.mkdir(parents=True, exist_ok=True)
            self._write(path, data)
            if is_new:
                sync_folder(self.folder)
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error

    def _write(self, path: Path, data: bytes) -> None:
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            write_synced(draft, [data])
            failpoint("segments.after_draft")
            rename_synced(draft, path)
        finally:
            draft.unlink(missing_ok=True)

    def open(self, name: str, start: int, length: int) -> Slice:
        try:
            return Slice(self.path(name).open("rb", buffering=0), start, length)
        except FileNotFoundError:
            raise SegmentMissing(name) from None
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error

    def delete(self, name: str) -> None:
        try:
            # A draft that a dying builder left has a dot before its name.
            (self.folder / name.lstrip(".")[:2] / name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error

    def stored(self) -> Iterator[Stored]:
        # Not by a pattern: that takes a folder which cannot be read for an empty one.
        try:
            for folder in _listed(self.folder):
                if len(folder.name) != 2 or not folder.is_dir():
                    continue
                for path in _listed(folder):
                    try:
                        written = dt.datetime.fromtimestamp(path.lstat().st_mtime, dt.UTC)
                    except FileNotFoundError:
                        continue
                    yield Stored(path.name, written)
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error

    def check(self) -> str:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / f".probe.{secrets.token_hex(4)}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error
        return str(self.folder)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []
