"""Builds responses: JSON bodies, empty bodies, and the headers that every response has."""

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request

POLL_HEADER = "Satchel-Poll-After"
"""Seconds after which an idle device should pull again."""

HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SECURE = ("Strict-Transport-Security", "max-age=31536000")
"""Added to responses over TLS."""


def encode(value: Any) -> bytes:
    """Return *value* as compact JSON."""
    return orjson.dumps(value)


def json_response(
    body: Mapping[str, Any] | bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return *body* as a response: an object with the keys of the route's schema, or its JSON as bytes."""
    data = body if isinstance(body, bytes) else encode(body)
    return Response(data, status, headers, content_type="application/json")


def empty_response(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response that has neither a body nor a Content-Type."""
    response = Response(status=status, headers=headers)
    del response.headers["Content-Type"]
    return response


def weak_etag(tag: str) -> str:
    """Return *tag* as a weak ETag: it names the page in all content codings."""
    return f'W/"{tag}"'


def add_default_headers(response: Response) -> Response:
    """Add the default headers that *response* does not have yet; a segment sets its own Cache-Control."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault(*SECURE)
    return response
