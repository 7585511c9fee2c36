"""The media types that a receipt may have, by its first bytes; one list for device, server and connectors.

The type is never taken from the file's name or from the sender's declaration.
"""

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "application/pdf": "pdf",
}
"""The extension of a file name for each accepted media type."""

SIGNATURE_BYTES = 12
"""Number of first bytes that are enough to recognise the type."""

_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def media_type(start: bytes) -> str | None:
    """Return the media type of a file that begins with *start* (12 bytes or more), None if not accepted."""
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS:
        return "image/heic"
    if start.startswith(b"%PDF-"):
        return "application/pdf"
    return None
