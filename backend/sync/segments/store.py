"""Where the files of segments lie: a folder, or a bucket of a store that speaks S3."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple, Protocol


class Stored(NamedTuple):
    """A file of the store: its name, and when it was written."""

    name: str
    written_at: dt.datetime


class StoreFailed(RuntimeError):
    """The store cannot be written or read; the message says what it is and why."""


class SegmentMissing(LookupError):
    """The store has no file of this name."""


class Opened(Protocol):
    """A piece of a file. One with a `fileno()` stands at its start and is sent by the kernel."""

    @property
    def size(self) -> int:
        """Bytes of the whole file."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to *size* of the piece's bytes that are left, none at its end; raises `StoreFailed`."""

    def close(self) -> None:
        """Let go of the file."""


class Store(Protocol):
    """Files under the sha256 of their bytes. Every method raises `StoreFailed` if the store does not work."""

    def put(self, name: str, data: bytes) -> None:
        """Keep *data*, safely; a file that is there already is left as it is."""

    def open(self, name: str, start: int, length: int) -> Opened:
        """Return the *length* bytes from *start* on, to be read piece by piece; raises `SegmentMissing`."""

    def delete(self, name: str) -> None:
        """Delete the file, if it is there."""

    def stored(self) -> Iterator[Stored]:
        """Yield every file there is."""

    def check(self) -> str:
        """Write, read and delete a file to see that it can be done; return where that was."""
