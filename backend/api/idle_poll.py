"""Answers idle polls with 304 before Flask handles them, and passes every other request on to the app.

An idle poll is a `GET /v1/pull` whose If-None-Match names the page of its cursor, while nothing has changed
since. Most requests of a fleet are idle polls. If the token is valid and one SQL statement finds no change, the
answer is 304. In every other case, errors included, the app handles the request and decides the answer.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from backend import metrics
from backend.api import request_log
from backend.api.responses import HEADERS, POLL_HEADER, SECURE, weak_etag
from backend.api.services import Services
from backend.database.snapshot_reads import read_connection
from backend.identity.principals import Principal
from backend.identity.tokens import DeviceRevoked, TokenExpired, TokenInvalid
from backend.sync import idle
from backend.sync.page import etag_of
from sync_protocol.cursor import Cursor, CursorInvalid, decode_cursor

PATH = "/v1/pull"
PARAMETERS = frozenset({"cursor", "schema", "limit_bytes"})

Environ = dict[str, Any]


@dataclass(frozen=True)
class _ConditionalPull:
    """A pull with If-None-Match: the access token, the decoded cursor, its page's ETag, the app's revision."""

    token: str
    cursor: Cursor
    etag: str
    schema: int


@dataclass(frozen=True)
class IdlePollMiddleware:
    """WSGI middleware around *app*, which answers idle polls itself."""

    app: Callable[[Environ, Any], Iterable[bytes]]
    engine: Engine
    services: Services

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or "HTTP_IF_NONE_MATCH" not in environ:
            return self.app(environ, start_response)
        began = time.perf_counter()
        pull = _parse(environ)
        principal = self._unchanged(pull) if pull else None
        if pull is None or principal is None:
            return self.app(environ, start_response)
        request_id = request_log.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response("304 NOT MODIFIED", self._headers(environ, pull, request_id))
        request_log.log_request(
            began=began, method="GET", path=PATH, status=304, principal=principal, request_id=request_id
        )
        metrics.PAGES.labels("unchanged").inc()
        return ()

    def _unchanged(self, pull: _ConditionalPull) -> Principal | None:
        """Return the device that sends *pull*, if its token is valid and nothing has changed; else None."""
        try:
            claims = self.services.token_cache.verify(pull.token, self.services.clock.now())
            with read_connection(self.engine) as connection:
                return idle.unchanged_since(connection, claims, pull.cursor, pull.schema)
        except (TokenInvalid, TokenExpired, DeviceRevoked, SQLAlchemyError):
            return None

    def _headers(self, environ: Environ, pull: _ConditionalPull, request_id: str) -> list[tuple[str, str]]:
        """Return the headers that the app sends with a 304; a test compares them."""
        headers = [
            ("ETag", pull.etag),
            (POLL_HEADER, str(self.services.limits.poll_after_seconds)),
            *HEADERS.items(),
            (request_log.REQUEST_ID, request_id),
            ("Vary", "Origin, Accept-Encoding" if self.services.settings.cors_origins else "Accept-Encoding"),
        ]
        return [*headers, SECURE] if environ["wsgi.url_scheme"] == "https" else headers


def _parse(environ: Environ) -> _ConditionalPull | None:
    """Return the conditional pull in *environ*; None if anything about the request is unusual."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    pairs = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    parameters = dict(pairs)
    numbers = [parameters.get(name, "1") for name in ("schema", "limit_bytes")]
    is_usual = (
        environ["REQUEST_METHOD"] == "GET"
        and scheme == "Bearer"
        # A browser's request from another origin gets more headers.
        and "HTTP_ORIGIN" not in environ
        and "cursor" in parameters
        and len(parameters) == len(pairs)
        and parameters.keys() <= PARAMETERS
        and all(text.isascii() and text.isdigit() and len(text) <= 10 and int(text) for text in numbers)
    )
    if not is_usual:
        return None
    etag = weak_etag(etag_of(parameters["cursor"]))
    if environ["HTTP_IF_NONE_MATCH"] != etag:
        return None
    try:
        return _ConditionalPull(token, decode_cursor(parameters["cursor"]), etag, int(numbers[0]))
    except CursorInvalid:
        return None
