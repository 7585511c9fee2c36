"""Builds responses: JSON bodies, empty bodies, and the headers that every response has."""

import json
from collections.abc import Mapping
from typing import Any

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
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def json_response(
    body: Mapping[str, Any] | bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return *body* (an object, or bytes that are JSON already) as a response."""
    data = body if isinstance(body, bytes) else encode(body)
    return Response(data, status, headers, content_type="application/json")


def empty_response(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response without a body, and so without a Content-Type."""
    response = Response(status=status, headers=headers)
    del response.headers["Content-Type"]
    return response


def weak_etag(tag: str) -> str:
    """Return *tag* as a weak ETag: it names the page, in whatever content coding it is sent."""
    return f'W/"{tag}"'


def add_default_headers(response: Response) -> Response:
    """Add the default headers that *response* does not have yet; a segment sets its own Cache-Control."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault(*SECURE)
    return response
