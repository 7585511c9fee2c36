"""Takes the metadata out of a JPEG inside a PDF, without decoding it: EXIF, XMP, IPTC and comments.

Separate from `images`, which decodes: a PDF may hold hundreds of pictures. Source: ITU-T T.81, annex B.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

START = b"\xff\xd8"
_SCAN, _END = 0xDA, 0xD9
_WITHOUT_CONTENT = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
"""Markers that no length follows; none of them is needed outside of a scan."""
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_APPLICATION = {0xE0: b"JFIF", 0xEE: b"Adobe"}
"""Application segments that say how to decode. A PDF has its own colour profile."""
_METADATA = frozenset({*range(0xE0, 0xF0), 0xFE})
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In a scan, 0xFF is data before 0x00 and before the markers of a restart."""


class Size(NamedTuple):
    """Pixels of a picture."""

    width: int
    height: int


def without_metadata(data: bytes) -> bytes:
    """Return the JPEG *data* up to its end, without segments of metadata, wherever they stand.

    Raises ValueError for what does not begin as a JPEG.
    """
    return b"".join(segment for marker, segment in _segments(data) if not _is_metadata(marker, segment))


def size_of(data: bytes) -> Size | None:
    """Return the size that the header of the JPEG *data* states; None if it has none. Raises ValueError."""
    for marker, segment in _segments(data):
        if marker in _FRAMES and len(segment) >= 9:
            return Size(int.from_bytes(segment[7:9], "big"), int.from_bytes(segment[5:7], "big"))
    return None


def _is_metadata(marker: int, segment: bytes) -> bool:
    needed = _APPLICATION.get(marker)
    return marker in _METADATA and (needed is None or not segment[4:].startswith(needed))


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each marker with its bytes, a scan with its data. Bytes that belong to no segment are left out."""
    if not data.startswith(START):
        raise ValueError("a JPEG begins with another marker")
    yield START[1], START
    position = data.find(b"\xff", 2)
    while 0 <= position < len(data) - 1:
        marker = data[position + 1]
        if marker == _END:
            yield _END, data[position : position + 2]
            return
        end = position + (1 if marker == 0xFF else 2)
        if marker != 0xFF and marker not in _WITHOUT_CONTENT:
            end += max(2, int.from_bytes(data[end : end + 2], "big"))
            if marker == _SCAN:
                following = _NEXT_MARKER.search(data, end)
                end = following.start() if following else len(data)
            if end > len(data):
                return
            yield marker, data[position:end]
        position = data.find(b"\xff", end)
