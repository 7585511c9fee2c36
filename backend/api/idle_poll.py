"""The idle poll's short way: answers 304 before Flask is asked, and passes everything else on.

A poll says by `If-None-Match` that it holds all that its cursor names. If the token was verified, and one
look at the database finds that nothing has changed, the answer is 304. In every other case, errors
included, the request takes the ordinary way, as if nobody had looked: what it is answered is decided there.
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
NAMES = frozenset({"cursor", "schema", "limit_bytes"})

Environ = dict[str, Any]


@dataclass(frozen=True)
class _Poll:
    token: str
    cursor: Cursor
    etag: str
    schema: int


@dataclass(frozen=True)
class IdlePollMiddleware:
    """WSGI middleware around *app*."""

    app: Callable[[Environ, Any], Iterable[bytes]]
    engine: Engine
    here: Services

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or "HTTP_IF_NONE_MATCH" not in environ:
            return self.app(environ, start_response)
        began = time.perf_counter()
        poll = _read(environ)
        who = self._idle(poll) if poll else None
        if poll is None or who is None:
            return self.app(environ, start_response)
        request_id = request_log.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response("304 NOT MODIFIED", self._headers(environ, poll, request_id))
        request_log.log_request(
            began=began, method="GET", path=PATH, status=304, who=who, request_id=request_id
        )
        metrics.PAGES.labels("unchanged").inc()
        return ()

    def _idle(self, poll: _Poll) -> Principal | None:
        try:
            claims = self.here.token_cache.verify(poll.token, self.here.clock.now())
            with read_connection(self.engine) as connection:
                return idle.unchanged_since(connection, claims, poll.cursor, poll.schema)
        except (TokenInvalid, TokenExpired, DeviceRevoked, SQLAlchemyError):
            return None

    def _headers(self, environ: Environ, poll: _Poll, request_id: str) -> list[tuple[str, str]]:
        """Return what the ordinary way says with a 304; a test compares them."""
        headers = [
            ("ETag", poll.etag),
            (POLL_HEADER, str(self.here.limits.poll_after_seconds)),
            *HEADERS.items(),
            (request_log.REQUEST_ID, request_id),
            ("Vary", "Origin, Accept-Encoding" if self.here.settings.cors_origins else "Accept-Encoding"),
        ]
        return [*headers, SECURE] if environ["wsgi.url_scheme"] == "https" else headers


def _read(environ: Environ) -> _Poll | None:
    """Return the poll that *environ* is, or None for a request with anything unusual about it."""
    kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    pairs = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    asked = dict(pairs)
    numbers = [asked.get(name, "1") for name in ("schema", "limit_bytes")]
    usual = (
        environ["REQUEST_METHOD"] == "GET"
        and kind == "Bearer"
        # A browser's request from another site is answered with more headers.
        and "HTTP_ORIGIN" not in environ
        and "cursor" in asked
        and len(asked) == len(pairs)
        and asked.keys() <= NAMES
        and all(text.isascii() and text.isdigit() and len(text) <= 10 and int(text) for text in numbers)
    )
    if not usual:
        return None
    etag = weak_etag(etag_of(asked["cursor"]))
    if environ["HTTP_IF_NONE_MATCH"] != etag:
        return None
    try:
        return _Poll(token, decode_cursor(asked["cursor"]), etag, int(numbers[0]))
    except CursorInvalid:
        return None
