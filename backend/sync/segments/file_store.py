"""Segments in a folder: `<folder>/segments/ab/<sha256>`. A file exists completely or not at all."""

import datetime as dt
import os
import secrets
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType

from backend.failpoints import failpoint
from backend.files import rename_synced, sync_folder, write_synced
from backend.sync.segments.store import SegmentMissing, StoredFile, StoreFailed
from sync_protocol.fields import Sha256


class Slice:
    """*length* bytes of *file* from *start* on, as a file that a web server can send.

    A server that sends by file descriptor (`sendfile`) finds the descriptor positioned at *start*.
    """

    def __init__(self, file: FileIO, start: int, length: int) -> None:
        self.file, self.remaining = file, length
        file.seek(start)

    @property
    def size(self) -> int:
        """The size of the whole file in bytes."""
        return os.fstat(self.file.fileno()).st_size

    def fileno(self) -> int:
        return self.file.fileno()

    def read(self, size: int = -1) -> bytes:
        """Return up to *size* bytes of what is left of the slice; close the file at its end.

        Raises `StoreFailed` if the disk cannot be read.
        """
        count = self.remaining if size < 0 else min(size, self.remaining)
        try:
            data = self.file.read(count) if count else b""
        except OSError as error:
            raise StoreFailed(f"{self.file.name}: {error.strerror}") from error
        self.remaining -= len(data)
        if not self.remaining:
            self.close()
        return data

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> "Slice":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FileStore:
    """Files on a disk of this machine, or on a network mount that all nodes share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return the path of the file *name*; raises ValueError if *name* is not a sha256."""
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
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            write_synced(temporary, [data])
            failpoint("segments.after_draft")
            rename_synced(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def open(self, name: str, start: int, length: int) -> Slice:
        try:
            return Slice(self.path(name).open("rb", buffering=0), start, length)
        except FileNotFoundError:
            raise SegmentMissing(name) from None
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error

    def delete(self, name: str) -> None:
        try:
            # A temporary file that a killed builder left has a dot before its name.
            (self.folder / name.lstrip(".")[:2] / name).unlink(missing_ok=True)
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error

    def stored(self) -> Iterator[StoredFile]:
        # Not `glob`: it takes a folder that cannot be read for an empty one.
        try:
            for folder in _listed(self.folder):
                if len(folder.name) != 2 or not folder.is_dir():
                    continue
                for path in _listed(folder):
                    try:
                        written = dt.datetime.fromtimestamp(path.lstat().st_mtime, dt.UTC)
                    except FileNotFoundError:
                        continue
                    yield StoredFile(path.name, written)
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
