"""CORS (the Fetch standard): which pages in a browser may speak to this server.

Only pages of the origins in SATCHEL_CORS_ORIGINS, by exact name. Nothing travels by cookie, so no answer
allows credentials. A preflight is told from a plain `OPTIONS`, which tus asks at `/v1/receipts`, by its
header Access-Control-Request-Method. `Cross-Origin-Resource-Policy: same-origin` stands beside it: it rules
out answers that are embedded without asking, and a browser does not apply it to requests that did ask.
"""

from flask import Flask, Response, current_app, request

from backend.api.responses import empty_response
from backend.api.services import get_services

ALLOWED = (
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "If-None-Match",
    "If-Range",
    "Range",
    "Tus-Resumable",
    "Upload-Checksum",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
    "X-Request-Id",
)
"""Headers of requests that a page may set."""

EXPOSED = (
    "Accept-Ranges",
    "Allow",
    "Content-Encoding",
    "Content-Range",
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
"""Headers of answers that a page may read, beside those that every page may."""

MAX_AGE_SECONDS = 7200
"""How long a browser may remember a preflight; none remembers it for longer."""


def register(app: Flask) -> None:
    """Answer preflights of *app* before any lock, and name the origin on every other answer."""
    app.before_request(_preflight)
    app.after_request(_finish)


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


def _finish(response: Response) -> Response:
    if not get_services().settings.cors_origins:
        return response
    # Also where there is no origin: a cache must not give that answer to a page.
    response.vary.add("Origin")
    origin = _origin()
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
    return response


def _origin() -> str | None:
    """Return the origin of the page that asks, if its requests are taken."""
    origin = request.headers.get("Origin")
    return origin if origin in get_services().settings.cors_origins else None


def _methods() -> list[str]:
    """Return the methods at this address; GET where there is nothing, so that the page gets to see the 404."""
    adapter = current_app.create_url_adapter(request)
    found = set(adapter.allowed_methods()) if adapter else set()
    return sorted(found - {"OPTIONS"} or {"GET"})
