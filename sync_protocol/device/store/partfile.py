"""A file that arrives in pieces and keeps them when the line breaks.

Its bytes are named by their sha256, so that a piece is written where it belongs and never depends on who
fetched it: two processes on one folder write the same bytes to the same places.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sync_protocol.device.errors import Damaged
from sync_protocol.device.store import offers
from sync_protocol.device.store.database import Database

_CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)")


class PartFile:
    """What there is of the file named *sha256*, of *bytes* bytes, at *path*."""

    def __init__(self, path: Path, sha256: str, bytes: int, *, tagged: bool) -> None:
        """*tagged*: the server gives the name as its ETag, so that it can be asked whether it is still so."""
        self.path = path
        self.sha256 = sha256
        self.bytes = bytes
        self._tagged = tagged

    @property
    def size(self) -> int:
        """How many bytes are there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def range_wanted(self) -> dict[str, str]:
        """Return the headers that ask for what is missing."""
        size = self.size
        if not size:
            return {}
        return {"Range": f"bytes={size}-"} | ({"If-Range": f'"{self.sha256}"'} if self._tagged else {})

    @contextmanager
    def writing(self, status: int, headers: Mapping[str, str]) -> Iterator[Callable[[bytes], None]]:
        """Give a function that writes the pieces of an answer with *status* and *headers*, one after another.

        Raises `Damaged` for a range that does not follow what is there, and where more comes than the file has.
        """
        start = 0
        if status == 206:
            found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
            if found is None or not int(found[1]) <= self.size:
                raise Damaged("the answer is not the range that was asked for")
            start = int(found[1])
        self.path.parent.mkdir(exist_ok=True)
        # Without a buffer: what was received is in the file though the process be killed.
        with self.path.open("r+b" if self.path.exists() else "wb", buffering=0) as file:
            file.seek(start)
            left = self.bytes - start

            def write(piece: bytes) -> None:
                nonlocal left
                left -= len(piece)
                if left < 0:
                    self.forget()
                    raise Damaged(f"more came than the {self.bytes:,} bytes of segment {self.sha256}")
                file.write(piece)

            yield write

    def content(self) -> bytes:
        """Return the whole file; raises `Damaged`, and forgets it, if its bytes are not those of its name."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() != self.sha256:
            self.forget()
            raise Damaged(f"segment {self.sha256} was altered on the way; it is fetched again")
        return data

    def forget(self) -> None:
        """Delete what there is."""
        self.path.unlink(missing_ok=True)


class PartFolder:
    """The folder with the files that are arriving."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, sha256: str, bytes: int, *, tagged: bool) -> PartFile:
        """Return the file named *sha256*, of *bytes* bytes when it is whole."""
        return PartFile(self.folder / f"{sha256}.part", sha256, bytes, tagged=tagged)

    def sweep(self, db: Database) -> None:
        """Delete files that no offered segment waits for."""
        if self.folder.is_dir():
            with db.writing():
                wanted = {f"{name}.part" for name in offers.names(db)}
                for path in self.folder.iterdir():
                    if path.name not in wanted:
                        path.unlink(missing_ok=True)
