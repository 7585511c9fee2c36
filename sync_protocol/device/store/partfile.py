"""A partly downloaded file, which keeps its bytes when the connection breaks.

It is named by its sha256, and each piece is written at its own offset, no matter which process fetched it: two
processes on one folder write the same bytes to the same places.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sync_protocol.device.errors import Damaged
from sync_protocol.device.store import offers
from sync_protocol.device.store.database import Database
from sync_protocol.external_name import file_in

_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)")


class PartFile:
    """The part that has arrived of the file named *sha256*, which has *bytes* bytes when complete."""

    def __init__(self, path: Path, sha256: str, bytes: int, *, tagged: bool) -> None:
        """*tagged*: the server sends the file's name as its ETag, so that If-Range can be used."""
        self.path = path
        self.sha256 = sha256
        self.bytes = bytes
        self._tagged = tagged

    @property
    def size(self) -> int:
        """How many bytes have arrived."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def range_headers(self) -> dict[str, str]:
        """Return the headers that ask for the missing bytes (RFC 9110, section 14)."""
        size = self.size
        if not size:
            return {}
        return {"Range": f"bytes={size}-"} | ({"If-Range": f'"{self.sha256}"'} if self._tagged else {})

    @contextmanager
    def writing(self, status: int, headers: Mapping[str, str]) -> Iterator[Callable[[bytes], None]]:
        """Give a function that writes the pieces of a reply with *status* and *headers*, in their order.

        Raises `Damaged` if the reply's range does not continue the file, or has more bytes than the file.
        """
        start = 0
        if status == 206:
            content_range = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
            if content_range is None or not int(content_range[1]) <= self.size:
                raise Damaged("the reply is not the range that was requested")
            start = int(content_range[1])
        self.path.parent.mkdir(exist_ok=True, mode=0o700)
        # Unbuffered: what was received is in the file even if the process is killed.
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
            file.seek(start)
            remaining = self.bytes - start

            def write(piece: bytes) -> None:
                nonlocal remaining
                remaining -= len(piece)
                if remaining < 0:
                    self.delete()
                    raise Damaged(f"segment {self.sha256} has {self.bytes:,} bytes, and more were sent")
                file.write(piece)

            yield write

    def content(self) -> bytes:
        """Return the complete file; deletes it and raises `Damaged` if its sha256 is not its name."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() != self.sha256:
            self.delete()
            raise Damaged(f"segment {self.sha256} was altered in transit; it is fetched again")
        return data

    def delete(self) -> None:
        """Delete the bytes that have arrived."""
        self.path.unlink(missing_ok=True)


class PartFolder:
    """The folder with the partly downloaded files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, sha256: str, bytes: int, *, tagged: bool) -> PartFile:
        """Return the file named *sha256*, which has *bytes* bytes when complete."""
        return PartFile(file_in(self.folder, f"{sha256}.part"), sha256, bytes, tagged=tagged)

    def sweep(self, db: Database) -> None:
        """Delete files that belong to no pending segment."""
        if self.folder.is_dir():
            with db.writing():
                pending = {f"{name}.part" for name in offers.pending_names(db)}
                for path in self.folder.iterdir():
                    if path.name not in pending:
                        path.unlink(missing_ok=True)
