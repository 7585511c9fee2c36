"""Answers idle polls with 304 before Flask handles them, and passes every other request on to the app.

An idle poll is a `GET /v1/pull` whose If-None-Match names the page of its cursor, while nothing has changed
since. Most requests of a fleet are idle polls. If the token is valid and one SQL statement finds no change, the
answer is 304. In every other case, errors included, the app handles the request and decides the answer.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from backend import metrics
from backend.api import plain_pull, rate_guard, request_log
from backend.api.plain_pull import PATH, Environ, PlainPull
from backend.api.services import Services
from backend.database.snapshot_reads import read_connection
from backend.identity.principals import Principal
from backend.identity.tokens import DeviceRevoked, TokenExpired, TokenInvalid
from backend.sync import idle
from sync_protocol.cursor import CursorInvalid


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
        pull = plain_pull.parse(environ)
        principal = None
        if pull is not None and environ["HTTP_IF_NONE_MATCH"] == pull.query.etag:
            principal = self._unchanged(environ, pull)
        if pull is None or principal is None:
            return self.app(environ, start_response)
        request_id = request_log.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response(
            "304 NOT MODIFIED", plain_pull.headers(environ, self.services, pull.query.etag, request_id)
        )
        request_log.log_request(
            began=began, method="GET", path=PATH, status=304, principal=principal, request_id=request_id
        )
        metrics.PAGES.labels("unchanged").inc()
        return ()

    def _unchanged(self, environ: Environ, pull: PlainPull) -> Principal | None:
        """Return the device that sends *pull*, if its token is valid and nothing has changed; else None."""
        try:
            now = self.services.clock.now()
            token = self.services.token_cache.verify(pull.token, now)
            if rate_guard.wait_of_device(self.services, environ, token, now):
                return None
            with read_connection(self.engine) as connection:
                return idle.unchanged_since(connection, token, pull.query.cursor, pull.query.schema)
        except (TokenInvalid, TokenExpired, DeviceRevoked, CursorInvalid, SQLAlchemyError):
            return None
