"""`GET /v1/segments/<sha256>`: a segment's bytes, whole or a range of them.

Access is looked at with every request: a rep who no longer hears any stream that has such a segment is
told that there is nothing. A signed link stands for the access of the page that gave it, for a while.
The bytes never pass through this process where a file can be handed to the web server.
"""

import logging
from typing import IO, NoReturn, cast

from flask import Response, request
from werkzeug.wsgi import wrap_file

from backend import metrics
from backend.api import auth, byte_range, signed_links
from backend.api.byte_range import ByteRange
from backend.api.problems import Problem
from backend.api.responses import empty_response
from backend.api.services import get_services
from backend.database.core import db
from backend.database.snapshot_reads import read_connection
from backend.feed import segments
from backend.identity.principals import Principal
from backend.identity.tokens import Claims
from backend.sync.segments import access
from backend.sync.segments.store import SegmentMissing
from sync_protocol.errors import ErrorCode
from sync_protocol.segment import MEDIA_TYPE

YEAR = 31_536_000
PIECE = 64 * 1024
"""Bytes read at a time where they do pass through this process."""

log = logging.getLogger("satchel.api")


def preload(claims: Claims) -> tuple[Principal, int | None]:
    """Read in one statement who speaks and how large the segment is, if they may have it."""
    with read_connection(db.engine) as connection:
        return access.size_for(connection, claims, str((request.view_args or {})["sha256"]))


def respond(sha256: str) -> Response:
    """Answer with the bytes, or with 304 to a device that has them."""
    size = _size(sha256)
    headers = {
        "ETag": f'"{sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": _caching(signed_links.seconds_left()),
    }
    if request.if_none_match.contains_weak(sha256):
        return empty_response(304, headers)
    piece = byte_range.parse(size, sha256)
    if piece.partial:
        headers["Content-Range"] = f"bytes {piece.start}-{piece.start + piece.length - 1}/{size}"
    return _send(sha256, size, piece, headers)


def _size(sha256: str) -> int:
    """Return the segment's size if whoever asks may have it; raises `Problem`."""
    if signed_links.seconds_left() is None:
        size = auth.preloaded()
    else:
        with read_connection(db.engine) as connection:
            size = access.size(connection, sha256)
    if size is None:
        raise Problem(ErrorCode.NOT_FOUND, "There is no such segment for you; pull again.")
    return int(size)


def _caching(left: int | None) -> str:
    # A cache that many share must not outlive the link that it was filled by.
    who = "private" if left is None else f"public, s-maxage={left}"
    return f"{who}, max-age={YEAR}, immutable"


def _send(sha256: str, size: int, piece: ByteRange, headers: dict[str, str]) -> Response:
    here = get_services()
    try:
        body = here.segments.open(sha256, piece.start, piece.length)
    except SegmentMissing:
        _withdraw(sha256)
    if body.size != size:
        body.close()
        _withdraw(sha256)
    response = Response(status=206 if piece.partial else 200, headers=headers, content_type=MEDIA_TYPE)
    prefix = here.settings.segment_accel
    if prefix or request.method == "HEAD":
        body.close()
    else:
        response.response = wrap_file(request.environ, cast("IO[bytes]", body), PIECE)
        response.direct_passthrough = True
        metrics.SEGMENT_BYTES.inc(piece.length)
    if prefix:
        # The proxy reads the file and the request's range by itself.
        response.status_code = 200
        del response.headers["Content-Range"], response.headers["Content-Length"]
        response.headers["X-Accel-Redirect"] = f"{prefix.rstrip('/')}/{sha256[:2]}/{sha256}"
    else:
        response.content_length = piece.length
    return response


def _withdraw(sha256: str) -> NoReturn:
    """Stop offering what cannot be delivered, so that the next page has rows or a set that was built anew."""
    session = db.session()
    session.rollback()
    segments.withdraw(session, sha256, get_services().clock.now())
    session.commit()
    metrics.SEGMENTS_WITHDRAWN.inc()
    log.error("the file of segment %s is missing or cut short; its set is withdrawn", sha256)
    raise Problem(ErrorCode.SEGMENT_GONE, "The file is gone; pull again for what replaces it.")
