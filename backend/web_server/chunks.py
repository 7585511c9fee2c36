"""Finds the end of a body in chunks (RFC 9112, section 7.1) while it arrives.

Nothing is decoded here: gunicorn's parser does that, once all of the body is there. If both disagree about
the end, the parser finds too few bytes and the connection is closed. Apart from `connection.py`, because the
whole of RFC 9112's grammar of chunks is here and nothing else.
"""

from enum import Enum, auto

MAX_FRAMING = 64 * 1024
"""Most bytes of a body that are not data: sizes, line ends, trailers. Tiny chunks cost more than they carry."""


class ChunksMalformed(Exception):
    """The chunks cannot be followed."""


class _Expected(Enum):
    SIZE = auto()
    DATA = auto()
    TRAILER = auto()


class ChunkScanner:
    """Follows chunks piece by piece, in time that is linear in their bytes."""

    def __init__(self) -> None:
        self.data_bytes = 0
        """Bytes of data that the chunks so far announce."""
        self.complete = False
        self._expected = _Expected.SIZE
        self._skip = 0
        self._line = bytearray()
        self._framing = 0

    def feed(self, piece: bytes | bytearray | memoryview) -> None:
        """Take the next *piece*; raises `ChunksMalformed`. What comes after the end is ignored."""
        view, at = bytes(piece), 0
        while at < len(view) and not self.complete:
            if self._expected is _Expected.DATA:
                step = min(self._skip, len(view) - at)
                at, self._skip = at + step, self._skip - step
                if not self._skip:
                    self._expected = _Expected.SIZE
                continue
            end = view.find(b"\n", at)
            part = view[at : end + 1] if end >= 0 else view[at:]
            at += len(part)
            self._framing += len(part)
            if self._framing > MAX_FRAMING:
                raise ChunksMalformed("the chunks are too small, or their lines too long")
            self._line += part
            if end >= 0:
                line, self._line = bytes(self._line), bytearray()
                self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise ChunksMalformed("a line of the chunks does not end with CRLF")
        if self._expected is _Expected.TRAILER:
            self.complete = line == b"\r\n"
            return
        digits = line.split(b";", 1)[0].strip(b" \t\r\n")
        if not digits or len(digits) > 8 or digits.translate(None, b"0123456789abcdefABCDEF"):
            raise ChunksMalformed("the size of a chunk is not a number")
        size = int(digits, 16)
        self.data_bytes += size
        # Data is followed by a line end.
        self._skip = size + 2
        self._expected = _Expected.DATA if size else _Expected.TRAILER
