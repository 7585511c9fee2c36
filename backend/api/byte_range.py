"""Ranges: which bytes of a representation a request asks for (RFC 9110, section 14), one range at a time."""

from typing import NamedTuple

from flask import request
from werkzeug.http import parse_range_header

from backend.api.problems import Problem
from sync_protocol.errors import ErrorCode

_MAX_TEXT = 100
"""A single range is shorter; numbers of thousands of digits are not worth reading."""


class ByteRange(NamedTuple):
    """*length* bytes from *start* on; *partial* if the request asked for a range."""

    start: int
    length: int
    partial: bool


def parse(size: int, etag: str) -> ByteRange:
    """Return the piece that the request asks for of *size* bytes whose strong tag is *etag* (unquoted).

    What is no single range of bytes, or is asked under If-Range for another representation, gets the
    whole, as the standard allows; only GET has ranges. Raises `Problem` for a range that begins beyond the end.
    """
    whole = ByteRange(0, size, False)
    if request.method != "GET":
        return whole
    text = request.headers.get("Range", "")
    condition = request.headers.get("If-Range")
    if len(text) > _MAX_TEXT or (condition is not None and condition.strip() != f'"{etag}"'):
        return whole
    found = parse_range_header(text)
    if found is None or found.units != "bytes" or len(found.ranges) != 1:
        return whole
    start, end = found.ranges[0]
    if start < 0:
        start, end = max(size + start, 0), size
    if start >= size:
        headers = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
        raise Problem(ErrorCode.RANGE_BEYOND_END, f"There are {size} bytes.", headers=headers)
    return ByteRange(start, min(size if end is None else end, size) - start, True)
