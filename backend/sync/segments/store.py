"""The protocol of a segment store, which is a folder or an S3 bucket."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple, Protocol


class StoredFile(NamedTuple):
    """A file in the store: its name, and when it was written."""

    name: str
    written_at: dt.datetime


class StoreFailed(RuntimeError):
    """The store cannot be written or read; the message names the store and the reason."""


class SegmentMissing(LookupError):
    """The store has no file of this name."""


class OpenFile(Protocol):
    """A part of a file, opened for reading.

    If it has a `fileno()`, the descriptor is positioned at its start and the kernel can send it.
    """

    @property
    def size(self) -> int:
        """The size of the whole file in bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* of the bytes left, none at the end; raises `StoreFailed`."""

    def close(self) -> None:
        """Close the file."""


class Store(Protocol):
    """Files named by the sha256 of their bytes. Every method raises `StoreFailed` on a failing store."""

    def put(self, name: str, data: bytes) -> None:
        """Store *data* durably; an existing file is left unchanged."""

    def open(self, name: str, start: int, length: int) -> OpenFile:
        """Return the *length* bytes from *start* on, opened for reading; raises `SegmentMissing`."""

    def delete(self, name: str) -> None:
        """Delete the file, if it exists."""

    def stored(self) -> Iterator[StoredFile]:
        """Yield every file in the store."""

    def check(self) -> str:
        """Write, read and delete a test file; return the location of the store for people."""
