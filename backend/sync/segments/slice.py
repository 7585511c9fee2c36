"""A piece of a file as a file: what a web server is given to send, by `sendfile` where it can."""

import os
from io import FileIO
from types import TracebackType

from backend.sync.segments.store import StoreFailed


class Slice:
    """*length* bytes of *file* from *start* on. A server that sends by file descriptor finds it at *start*."""

    def __init__(self, file: FileIO, start: int, length: int) -> None:
        self.file, self.left = file, length
        file.seek(start)

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return os.fstat(self.file.fileno()).st_size

    def fileno(self) -> int:
        return self.file.fileno()

    def read(self, size: int = -1) -> bytes:
        """Return up to *size* bytes, no more than are left of the piece; its end lets go of the file.

        Raises `StoreFailed` where the disk does not give them back.
        """
        wanted = self.left if size < 0 else min(size, self.left)
        try:
            data = self.file.read(wanted) if wanted else b""
        except OSError as error:
            raise StoreFailed(f"{self.file.name}: {error.strerror}") from error
        self.left -= len(data)
        if not self.left:
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
