"""Compression of responses, negotiated by Accept-Encoding and its weights (RFC 9110, section 12.5.3).

Flask-Compress compresses. It treats a weight of 0 as consent, and does not understand a weight after a
space. So the coding is chosen here, and Flask-Compress gets an Accept-Encoding that names only the choice.

Separate from `app`, which assembles the server and negotiates nothing.
"""

import gzip
import sys
from functools import lru_cache

from flask import Response, request
from flask_compress import Compress
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from sync_protocol.segment import MEDIA_TYPE

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODINGS = ("zstd", "br", "gzip")
"""The codings that this server offers, in its order of preference."""
PLAIN = "identity"
MIN_BYTES = 500
"""Length of a response below which it is sent plain."""
ZSTD_LEVEL = 1
"""Level 3 takes twice as long for pages and makes them larger by 2 % (decision 0045)."""
GZIP_LEVEL = 5
"""Level 6 takes three times as long for a page of 200 kB and saves 4 % of its bytes."""


class ResponseCompression(Compress):
    """Flask-Compress with the coding that `negotiate` chooses. Segments are not compressed again."""

    def after_request(self, response: Response | None) -> Response:
        """Return *response* as it is sent. A segment has one coding for all, so caches need one copy only."""
        if response is not None and response.mimetype == MEDIA_TYPE:
            return response
        request.environ["HTTP_ACCEPT_ENCODING"] = negotiate(request.accept_encodings)
        return super().after_request(response)


def negotiate(accepted: Accept) -> str:
    """Return the coding for a client that sent *accepted* in Accept-Encoding.

    It is the one of `CODINGS` with the highest weight above 0. It is `PLAIN` if there is none, or if the
    client prefers that. A plain response is always possible, also for a client that refuses it.
    """
    best = max(CODINGS, key=accepted.quality)
    plain_weight = next((weight for name, weight in accepted if name.lower() == PLAIN), 0.0)
    return best if accepted.quality(best) > 0 and accepted.quality(best) >= plain_weight else PLAIN


MAX_REMEMBERED_TEXT = 200
"""Length of an Accept-Encoding above which it is parsed each time."""


@lru_cache(maxsize=256)
def _negotiated(accepted: str) -> str:
    return negotiate(parse_accept_header(accepted, Accept))


def coding_for(accepted: str) -> str:
    """Return the coding for a client that sent *accepted* in Accept-Encoding."""
    return (_negotiated if len(accepted) <= MAX_REMEMBERED_TEXT else _negotiated.__wrapped__)(accepted)


COMPRESSED = ("zstd", "gzip", PLAIN)
"""The codings of `compress`; Brotli is left to Flask-Compress."""


def compress(body: bytes, coding: str) -> bytes:
    """Return *body* as Flask-Compress sends it in *coding*, one of `COMPRESSED`."""
    if coding == PLAIN or len(body) < MIN_BYTES:
        return body
    return zstd.compress(body, ZSTD_LEVEL) if coding == "zstd" else gzip.compress(body, GZIP_LEVEL)
