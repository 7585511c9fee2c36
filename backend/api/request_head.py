"""Refuses requests whose head is not valid HTTP/1.1, whichever web server has read it (RFC 9112).

The default server refuses them itself, before the app sees them. Granian lets some pass. The outermost layer of
the app calls this, so that no route, and nothing that answers before the routes, sees such a request.
"""

import re
from typing import Any

from backend.api.problems import Problem
from sync_protocol.errors import ErrorCode

_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
"""A name or an address, and a port. A server joins two `Host` headers with a comma, which no name has."""
_CLOSE = {"Connection": "close"}
"""What follows on the connection may be the rest of this request."""


def is_host(value: str) -> bool:
    """Say whether *value* is a valid `Host`: not empty, and without a user, a path or a second host."""
    return _HOST.fullmatch(value) is not None


def require_valid(environ: dict[str, Any]) -> None:
    """Raise a `request_malformed` problem for a head that is not valid.

    That is: no `Host`, two of them or one that is no host (RFC 9112, section 3.2); a transfer coding other than
    `chunked`, once (section 6.1); an expectation other than `100-continue` (RFC 9110, section 10.1.1).

    Args:
        environ: That of WSGI, as the web server has made it: `ProxyFix` has not changed it yet.
    """
    host = environ.get("HTTP_HOST", "")
    # HTTP/1.0 has no Host; some servers write its version as "HTTP/1".
    if not is_host(host) and (host or environ["SERVER_PROTOCOL"] == "HTTP/1.1"):
        raise _malformed("Send one Host header with the name of this server.")
    if environ.get("HTTP_TRANSFER_ENCODING", "chunked").lower() != "chunked":
        raise _malformed("Send the body with Content-Length, or with chunked alone.")
    if environ.get("HTTP_EXPECT", "100-continue").lower() != "100-continue":
        raise _malformed("No expectation but 100-continue is known.")


def _malformed(detail: str) -> Problem:
    return Problem(ErrorCode.REQUEST_MALFORMED, detail, headers=_CLOSE)
