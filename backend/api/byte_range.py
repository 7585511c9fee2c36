"""Range requests (RFC 9110, section 14), with one range each: which bytes does a request want?"""

from typing import NamedTuple

from flask import request
from werkzeug.http import parse_range_header

from backend.api.problems import Problem
from sync_protocol.errors import ErrorCode

_MAX_TEXT = 100
"""A single range is shorter than this; numbers of thousands of digits are not worth parsing."""


class ByteRange(NamedTuple):
    """*length* bytes from *start* on; *partial* if the request asked for a range."""

    start: int
    length: int
    partial: bool


def parse(size: int, etag: str) -> ByteRange:
    """Return the bytes to send of a representation of *size* bytes whose strong tag is *etag* (unquoted).

    Three requests get all bytes, as the standard allows: one that is not a GET, one whose Range is not a single
    range of bytes, and one whose If-Range names another representation. Raises `Problem` for a range that
    starts beyond the end.
    """
    all_bytes = ByteRange(0, size, False)
    if request.method != "GET":
        return all_bytes
    text = request.headers.get("Range", "")
    condition = request.headers.get("If-Range")
    if len(text) > _MAX_TEXT or (condition is not None and condition.strip() != f'"{etag}"'):
        return all_bytes
    requested = parse_range_header(text)
    if requested is None or requested.units != "bytes" or len(requested.ranges) != 1:
        return all_bytes
    start, end = requested.ranges[0]
    if start < 0:
        start, end = max(size + start, 0), size
    if start >= size:
        headers = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
        raise Problem(ErrorCode.RANGE_BEYOND_END, f"There are {size} bytes.", headers=headers)
    return ByteRange(start, min(size if end is None else end, size) - start, True)
