"""`GET /v1/segments/<sha256>`: a segment's bytes, whole or a range of them.

Access is checked with every request: a rep who is no longer subscribed to a stream with this segment gets 404.
A signed link names the device that it was made for, whose access is checked in the same way.
Where the web server can send the file itself, the bytes never pass through this process.
"""

import logging
from typing import IO, NoReturn, cast

from flask import Response, request
from werkzeug.wsgi import wrap_file

from backend import metrics
from backend.api import auth, byte_range, signed_links
from backend.api.byte_range import ByteRange
from backend.api.openapi.operation import Operation, Reply, header, query
from backend.api.problems import Problem
from backend.api.responses import empty_response
from backend.api.route import Auth, route
from backend.api.services import get_services
from backend.database.snapshot_reads import read_connection
from backend.database.web_session import db
from backend.feed import segments
from backend.identity.principals import Credential, Principal
from backend.sync.segments import access
from backend.sync.segments.store import SegmentMissing
from sync_protocol.errors import ErrorCode
from sync_protocol.segment import MEDIA_TYPE

YEAR = 31_536_000
PIECE = 64 * 1024
"""Bytes read at a time where they do pass through this process."""

log = logging.getLogger("satchel.api")

_ETAG = header("ETag", "The segment's name; a strong tag that never changes.", required=True)
_HEADERS = (
    _ETAG,
    header("Accept-Ranges", "Range requests are supported.", {"const": "bytes"}, required=True),
    header(
        "Cache-Control", "A segment never changes. `public` allows shared caches to store it.", required=True
    ),
)
_CONTENT_RANGE = header("Content-Range", "Which bytes these are, and how many there are.", required=True)


def preload(token: Credential) -> tuple[Principal, int | None]:
    """Read in one statement the device's row, and the segment's size in bytes if the device may have it."""
    with read_connection(db.engine) as connection:
        return access.size_for(connection, token, str((request.view_args or {})["sha256"]))


@route(
    "segment",
    "GET",
    "/v1/segments/<sha256>",
    Operation(
        "Download a segment, with a token or by a signed link.",
        {
            200: Reply("All of its bytes.", None, _HEADERS, MEDIA_TYPE),
            206: Reply("A range of its bytes.", None, (*_HEADERS, _CONTENT_RANGE), MEDIA_TYPE),
            304: Reply("The device has them already.", None, (_ETAG,)),
        },
        (ErrorCode.NOT_FOUND, ErrorCode.LINK_INVALID, ErrorCode.SEGMENT_GONE, ErrorCode.RANGE_BEYOND_END),
        parameters=(
            header("Range", "One range of bytes. A request for several ranges gets the whole segment."),
            header("If-Range", "The ETag; the range applies only while the bytes are the same."),
            header("If-None-Match", "The ETag of the bytes that the device has."),
            query("device", "In a signed link: the device that it was made for."),
            query("version", "In a signed link: the device's version."),
            query("expires", "In a signed link: when it expires."),
            query("signature", "In a signed link: its signature."),
        ),
    ),
    auth=Auth.LINK,
    preload=preload,
)
def respond(sha256: str) -> Response:
    """Answer with the bytes, or with 304 to a device that has them."""
    size = auth.preloaded()
    if size is None:
        raise Problem(ErrorCode.NOT_FOUND, "No such segment, or this device may not read it; pull again.")
    headers = {
        "ETag": f'"{sha256}"',
        "Accept-Ranges": "bytes",
        "Cache-Control": _caching(),
    }
    if request.if_none_match.contains_weak(sha256):
        return empty_response(304, headers)
    piece = byte_range.parse(size, sha256)
    if piece.partial:
        headers["Content-Range"] = f"bytes {piece.start}-{piece.start + piece.length - 1}/{size}"
    return _send(sha256, size, piece, headers)


def _caching() -> str:
    # A shared cache may keep the bytes, and must ask for each request whether the device may still have them.
    scope = "public, s-maxage=0" if signed_links.is_used() else "private"
    return f"{scope}, max-age={YEAR}, immutable"


def _send(sha256: str, size: int, piece: ByteRange, headers: dict[str, str]) -> Response:
    services = get_services()
    try:
        body = services.segments.open(sha256, piece.start, piece.length)
    except SegmentMissing:
        _withdraw(sha256)
    if body.size != size:
        body.close()
        _withdraw(sha256)
    response = Response(status=206 if piece.partial else 200, headers=headers, content_type=MEDIA_TYPE)
    prefix = services.settings.segment_accel
    if prefix or request.method == "HEAD":
        body.close()
    else:
        response.response = wrap_file(request.environ, cast("IO[bytes]", body), PIECE)
        response.direct_passthrough = True
        metrics.SEGMENT_BYTES.inc(piece.length)
    if prefix:
        # The proxy reads the file and handles the request's Range header.
        response.status_code = 200
        del response.headers["Content-Range"], response.headers["Content-Length"]
        response.headers["X-Accel-Redirect"] = f"{prefix.rstrip('/')}/{sha256[:2]}/{sha256}"
    else:
        response.content_length = piece.length
    return response


def _withdraw(sha256: str) -> NoReturn:
    """Withdraw the set of a segment that cannot be delivered: the next page has rows or a new set instead."""
    session = db.session()
    session.rollback()
    segments.withdraw(session, sha256, get_services().clock.now())
    session.commit()
    metrics.SEGMENTS_WITHDRAWN.inc()
    log.error("the file of segment %s is missing or cut short; its set is withdrawn", sha256)
    raise Problem(ErrorCode.SEGMENT_GONE, "The segment's file is gone; pull again to get its replacement.")
