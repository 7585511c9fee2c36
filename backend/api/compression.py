"""In which coding an answer leaves: as the phone asked, by the weights it gave (RFC 9110, section 12.5.3).

Flask-Compress does the compressing. It takes a weight of nought for consent and knows no weight behind a
space, so what it is told to use is decided here, and it is told in words that it cannot misread.
"""

from flask import Response, request
from flask_compress import Compress
from werkzeug.datastructures import Accept

from sync_protocol.segment import MEDIA_TYPE

CODINGS = ("zstd", "br", "gzip")
"""What answers may be compressed with, in the order in which this server likes them."""
PLAIN = "identity"


class ResponseCompression(Compress):
    """Flask-Compress, which compresses as `chosen` says, and leaves segments alone."""

    def after_request(self, response: Response | None) -> Response:
        """Return *response* as it leaves. A segment has one coding for all, so caches need no copy for each."""
        if response is not None and response.mimetype == MEDIA_TYPE:
            return response
        request.environ["HTTP_ACCEPT_ENCODING"] = negotiate(request.accept_encodings)
        return super().after_request(response)


def negotiate(accepted: Accept) -> str:
    """Return the coding to use for whoever sent *accepted* in Accept-Encoding.

    It is one of `CODINGS` with the highest weight above nought, or `PLAIN` where there is none or where that
    is wished for more. Plain answers are always an answer, also for who refuses them.
    """
    best = max(CODINGS, key=accepted.quality)
    wished = next((weight for name, weight in accepted if name.lower() == PLAIN), 0.0)
    return best if accepted.quality(best) > 0 and accepted.quality(best) >= wished else PLAIN
