"""Segments in a folder: `<folder>/segments/ab/<sha256>`. A file exists completely or not at all."""

import datetime as dt
import os
import secrets
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import cast

from backend.failpoints import failpoint
from backend.files import make_private_folder, open_file, rename_synced, sync_folder, write_synced
from backend.sync.segments.store import SegmentMissing, StoredFile, StoreFailed
from sync_protocol.external_name import file_in, plain_name
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
        """Return up to *size* of the remaining bytes of the slice; close the file at its end.

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

    def __init__(self, folder: Path, *, group_reads: bool = False) -> None:
        """*group_reads*: the folder's group may read them too, because nginx is in it."""
        self.folder = folder
        self._file_mode, self._folder_mode = (0o640, 0o750) if group_reads else (0o600, 0o700)

    def _make(self, folder: Path) -> None:
        if not folder.exists():
            make_private_folder(folder)
            folder.chmod(self._folder_mode | (folder.stat().st_mode & 0o2000))

    def path(self, name: str) -> Path:
        """Return the path of the file *name*; raises ValueError if *name* is not a sha256."""
        if not Sha256.pattern.fullmatch(name):
            raise ValueError(f"{name!r} names no segment")
        return file_in(self.folder / name[:2], name)

    def put(self, name: str, data: bytes) -> None:
        path = self.path(name)
        try:
            if path.exists() and path.stat().st_size == len(data):
                return
            is_new = not path.parent.exists()
            self._make(self.folder)
            self._make(path.parent)
            self._write(path, data)
            if is_new:
                sync_folder(self.folder)
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error

    def _write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            write_synced(temporary, [data], mode=self._file_mode)
            failpoint("segments.after_draft")
            rename_synced(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def open(self, name: str, start: int, length: int) -> Slice:
        try:
            return Slice(cast("FileIO", open_file(self.path(name)).detach()), start, length)
        except FileNotFoundError:
            raise SegmentMissing(name) from None
        except OSError as error:
            raise StoreFailed(f"{self.folder}: {error.strerror}") from error

    def delete(self, name: str) -> None:
        try:
            # A temporary file that a killed builder left has a dot before its name.
            plain = plain_name(name.removeprefix("."))
            file_in(self.folder / plain[:2], plain).with_name(name).unlink(missing_ok=True)
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
            self._make(self.folder)
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
