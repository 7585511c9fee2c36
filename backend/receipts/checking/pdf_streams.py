"""The streams of a PDF: how much they unpack to, how large their pictures are, and pictures without metadata.

Separate from `pdf`, which decides what is taken over: a stream is bytes behind filters, and each program that
opens the copy unpacks them.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from pikepdf import Array, Dictionary, Name, Pdf, Stream

from backend.receipts.checking import jpeg2000_boxes, jpeg_segments
from backend.receipts.checking.images import MAX_PIXELS, MAX_SIDE, Refused
from backend.receipts.checking.refusals import Refusal

MAX_DECODED_BYTES = 1024 * 1024 * 1024
"""All streams of a PDF together, unpacked. A page that was scanned in colour has 25 MB."""
MAX_PAGE_UNITS = 14_400.0
"""Longest side of a page in 1/72 inch: five metres, the limit of the format itself."""
_STEP = 64 * 1024
_FLATE = {"/FlateDecode", "/Fl"}
_PICTURES = {Name.DCTDecode: jpeg_segments, Name.JPXDecode: jpeg2000_boxes}


class Decoded:
    """Counts the bytes to which streams unpack, without keeping them."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, stream: Stream) -> None:
        """Count *stream*; raises `Refused` beyond `MAX_DECODED_BYTES`."""
        pieces: Iterable[bytes] = (stream.read_raw_bytes(),)
        for name in _filters(stream):
            if str(name) not in _FLATE:
                break
            pieces = _inflated(pieces)
        for piece in pieces:
            self.total += len(piece)
            if self.total > MAX_DECODED_BYTES:
                raise Refused(Refusal.TOO_LARGE)


def require_size(page: Dictionary) -> None:
    """Raise `Refused` if a side of *page* is longer than a page can be."""
    unit = float(page.get("/UserUnit", 1))
    for key in ("/MediaBox", "/CropBox"):
        if key in page:
            left, bottom, right, top = (float(number) for number in page[key])
            if not max(abs(right - left), abs(top - bottom)) * unit <= MAX_PAGE_UNITS:
                raise Refused(Refusal.TOO_LARGE)


def clean_picture(stream: Stream) -> None:
    """Take the metadata out of the picture *stream*; raises `Refused` if it has too many pixels."""
    if stream.get("/Subtype") == Name.Image:
        _require_pixels(int(stream.get("/Width", 0)), int(stream.get("/Height", 0)))
    names = _filters(stream)
    coding = _PICTURES.get(names[-1]) if names else None
    if coding is None:
        return
    data = _before_last_filter(stream, names)
    size = coding.size_of(data)
    if size is not None:
        _require_pixels(*size)
    stream.write(
        coding.without_metadata(data), filter=names[-1], decode_parms=_parameters(stream, len(names))[-1]
    )


def _require_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise Refused(Refusal.TOO_LARGE)


def _before_last_filter(stream: Stream, names: list[Any]) -> bytes:
    """Return what the last filter of *stream* decodes: a JPEG may be packed again, which hides its segments."""
    if len(names) == 1:
        return stream.read_raw_bytes()
    with Pdf.new() as scratch:
        outer = Stream(scratch, stream.read_raw_bytes())
        outer.Filter = Array(names[:-1])
        outer.DecodeParms = Array(_parameters(stream, len(names))[:-1])
        return outer.read_bytes()


def _filters(stream: Stream) -> list[Any]:
    value = stream.get("/Filter")
    return list(value) if isinstance(value, Array) else [value] if value is not None else []


def _parameters(stream: Stream, count: int) -> list[Any]:
    value = stream.get("/DecodeParms")
    values = list(value) if isinstance(value, Array) else [value]
    return [each if isinstance(each, Dictionary) else None for each in values[:count]] + [None] * (
        count - len(values)
    )


def _inflated(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what *pieces* inflate to, in steps; a damaged stream ends, as it does in a viewer."""
    inflater = zlib.decompressobj()
    for piece in pieces:
        rest = piece
        while rest and not inflater.eof:
            try:
                yield inflater.decompress(rest, _STEP)
            except zlib.error:
                return
            rest = inflater.unconsumed_tail
