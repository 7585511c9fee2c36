"""The type of a receipt, by its first bytes; never by its name or by what the sender declares.

Separate from `uploads`, because it needs neither an upload nor the database.
"""

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
SIGNATURE_BYTES = 12
"""Number of first bytes that are enough to recognise the type."""


def media_type(start: bytes) -> str | None:
    """Return the media type of a file that begins with *start* (12 bytes or more), None if not accepted."""
    if start.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp" and start[8:12] in HEIC_BRANDS:
        return "image/heic"
    if start.startswith(b"%PDF-"):
        return "application/pdf"
    return None
