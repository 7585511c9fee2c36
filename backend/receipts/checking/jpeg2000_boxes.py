"""Takes the metadata out of a JPEG 2000 inside a PDF, without decoding it: XML, UUID (EXIF, XMP) and comments.

Separate from `jpeg_segments`, whose format has only the name in common. Source: ITU-T T.800, annexes A and I.
"""

from backend.receipts.checking.jpeg_segments import Size

_CODESTREAM = b"\xff\x4f\xff\x51"
_SIGNATURE = b"jP  "
_KEPT = frozenset({_SIGNATURE, b"ftyp", b"jp2h", b"jp2c"})
_COMMENT, _TILE_PART, _DATA, _END = 0x64, 0x90, 0x93, 0xD9


def without_metadata(data: bytes) -> bytes:
    """Return the JPEG 2000 *data* without boxes of metadata, its comments blank; raises ValueError."""
    if data.startswith(_CODESTREAM):
        return _without_comments(data)
    if data[4:8] != _SIGNATURE:
        raise ValueError("a JPEG 2000 begins with another box")
    kept, position = [], 0
    while position + 8 <= len(data):
        length, kind, head = (
            int.from_bytes(data[position : position + 4], "big"),
            data[position + 4 : position + 8],
            8,
        )
        if length == 1:
            length, head = int.from_bytes(data[position + 8 : position + 16], "big"), 16
        end = len(data) if length == 0 else position + length
        if not position + head <= end <= len(data):
            raise ValueError("a box of a JPEG 2000 ends elsewhere")
        if kind in _KEPT:
            box = data[position:end]
            kept.append(box[:head] + _without_comments(box[head:]) if kind == b"jp2c" else box)
        position = end
    return b"".join(kept)


def size_of(data: bytes) -> Size | None:
    """Return the size that the first codestream of *data* states; None if there is none."""
    start = data.find(_CODESTREAM)
    if start < 0 or len(data) < start + 24:
        return None
    width, height, left, top = (
        int.from_bytes(data[at : at + 4], "big") for at in range(start + 8, start + 24, 4)
    )
    return Size(max(0, width - left), max(0, height - top))


def _without_comments(codestream: bytes) -> bytes:
    """Return *codestream* with zeros in its comments, so that no length changes."""
    blank, position, tile_part, next_part = bytearray(codestream), 2, 0, 0
    while position + 4 <= len(blank) and blank[position] == 0xFF and blank[position + 1] != _END:
        marker, length = blank[position + 1], int.from_bytes(blank[position + 2 : position + 4], "big")
        if marker == _DATA:
            position = next_part
            if position <= tile_part:
                break  # the last tile-part: its data reach to the end
            continue
        end = position + 2 + max(2, length)
        if marker == _TILE_PART:
            tile_part = position
            next_part = position + int.from_bytes(blank[position + 6 : position + 10], "big")
        elif marker == _COMMENT:
            last = min(end, len(blank))
            blank[position + 4 : last] = bytes(max(0, last - position - 4))
        position = end
    return bytes(blank)
