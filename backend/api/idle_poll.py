"""Answers idle polls with 304 before Flask handles them, and passes every other request on to the app.

An idle poll is a `GET /v1/pull` whose If-None-Match names the page of its cursor, while nothing has changed
since. Most requests of a fleet are idle polls. If the token is valid and one SQL statement finds no change, the
answer is 304. In every other case, errors included, the app handles the request and decides the answer.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sqlalchemy import Engine

from backend import metrics
from backend.api import plain_pull, plain_reply
from backend.api.plain_pull import PATH, PlainPull
from backend.api.services import Services
from backend.database.snapshot_reads import ReadConnection
from backend.identity.principals import Principal
from backend.identity.tokens import AccessToken
from backend.sync import idle


@dataclass(frozen=True)
class IdlePollMiddleware:
    """WSGI middleware around *app*, which answers idle polls itself."""

    app: WSGIApplication
    engine: Engine
    services: Services

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or "HTTP_IF_NONE_MATCH" not in environ:
            return self.app(environ, start_response)
        began = time.perf_counter()
        pull = plain_pull.parse(environ)
        principal = None
        if pull is not None and environ["HTTP_IF_NONE_MATCH"] == pull.query.etag:
            principal = self._unchanged(environ, pull)
        if pull is None or principal is None:
            return self.app(environ, start_response)
        headers = plain_pull.headers_of(self.services, pull.query.etag)
        plain_reply.start(
            environ, start_response, self.services, status=304, headers=headers, principal=principal,
            began=began,
        )  # fmt: skip
        metrics.PAGES.labels("unchanged").inc()
        return ()

    def _unchanged(self, environ: WSGIEnvironment, pull: PlainPull) -> Principal | None:
        """Return the device that sends *pull*, if its token is valid and nothing has changed; else None."""
        query = pull.query

        def unchanged(connection: ReadConnection, token: AccessToken) -> Principal | None:
            return idle.unchanged_since(connection, token, query.cursor, query.schema)

        return plain_pull.read(self.engine, self.services, environ, pull, unchanged)
