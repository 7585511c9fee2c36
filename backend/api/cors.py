"""CORS (the Fetch standard): which pages in a browser may call this server.

Only pages of the origins in SATCHEL_CORS_ORIGINS, by exact name. No cookies are used, so no response allows
credentials. The header Access-Control-Request-Method distinguishes a preflight from a plain `OPTIONS`, which
tus sends to `/v1/receipts`. Every response also has `Cross-Origin-Resource-Policy: same-origin`: it forbids
embedding a response without a CORS request, and browsers do not apply it to CORS requests.
"""

from flask import Flask, Response, current_app, request

from backend.api.responses import empty_response
from backend.api.services import get_services

ALLOWED = (
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "DPoP",
    "If-None-Match",
    "If-Range",
    "Range",
    "Tus-Resumable",
    "Upload-Checksum",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "X-HTTP-Method-Override",
    "X-Request-Id",
)
"""Request headers that a page may set."""

EXPOSED = (
    "Accept-Ranges",
    "Allow",
    "Content-Encoding",
    "Content-Range",
    "DPoP-Nonce",
    "ETag",
    "Location",
    "Retry-After",
    "Satchel-Error",
    "Satchel-Poll-After",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Offset",
    "WWW-Authenticate",
    "X-Request-Id",
)
"""Response headers that a page may read, in addition to those that the Fetch standard always allows."""

MAX_AGE_SECONDS = 7200
"""How long a browser may cache a preflight. No browser caches it longer than this."""


def register(app: Flask) -> None:
    """Answer preflights of *app* before authentication, and name the origin in every other response."""
    app.before_request(_preflight)
    app.after_request(_add_headers)


def _preflight() -> Response | None:
    if not get_services().settings.cors_origins:
        return None
    if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers:
        return None
    response = empty_response(204)
    if _origin() is not None:
        response.headers["Access-Control-Allow-Methods"] = ", ".join(_methods())
        response.headers["Access-Control-Allow-Headers"] = ", ".join(ALLOWED)
        response.headers["Access-Control-Max-Age"] = str(MAX_AGE_SECONDS)
    return response


def _add_headers(response: Response) -> Response:
    if not get_services().settings.cors_origins:
        return response
    # Also if there is no origin: a cache must not give that response to a page.
    response.vary.add("Origin")
    origin = _origin()
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
    return response


def _origin() -> str | None:
    """Return the origin of the page that sends the request, if it is allowed."""
    origin = request.headers.get("Origin")
    return origin if origin in get_services().settings.cors_origins else None


def _methods() -> list[str]:
    """Return the methods at this address; GET if there are none, so that the page can see the 404."""
    adapter = current_app.create_url_adapter(request)
    methods = set(adapter.allowed_methods()) if adapter else set()
    return sorted(methods - {"OPTIONS"} or {"GET"})
