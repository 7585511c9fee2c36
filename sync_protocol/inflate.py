"""Decompression with a bound: a kilobyte of gzip can stand for a gigabyte."""

import zlib
from collections.abc import Iterable

GZIP = zlib.MAX_WBITS | 16
"""Window bits of the gzip format (RFC 1952)."""
ZLIB = zlib.MAX_WBITS
"""Window bits of the zlib format (RFC 1950)."""


class InflateError(ValueError):
    """The data is damaged. The message is the rest of a sentence that begins with it: "is damaged (…)"."""


class InflateTooLong(InflateError):
    """It holds more bytes than the bound."""


class InflateCutOff(InflateError):
    """It ends too early."""


class InflateTrailingData(InflateError):
    """Something follows its end."""


def inflate(pieces: Iterable[bytes], most: int, *, wbits: int = GZIP) -> bytes:
    """Return the plain bytes of the compressed *pieces*, holding never more than *most* of them (and one).

    Raises `InflateError` or one of its subclasses, and whatever *pieces* raises.
    """
    inflater = zlib.decompressobj(wbits)
    plain = bytearray()
    try:
        for piece in pieces:
            plain += inflater.decompress(piece, most + 1 - len(plain))
            if len(plain) > most:
                raise InflateTooLong(f"inflates to more than {most} bytes")
            if inflater.unused_data:
                raise InflateTrailingData("is followed by something else")
    except zlib.error as error:
        raise InflateError(f"is damaged ({error})") from None
    if not inflater.eof:
        raise InflateCutOff("ends too early")
    return bytes(plain)
