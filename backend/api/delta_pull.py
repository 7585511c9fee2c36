"""Answers deltas before Flask handles them, and passes every other request on to the app.

A delta is a `GET /v1/pull` of a device that holds its streams completely (`backend.sync.delta`). In every other
case, errors included, the app handles the request and decides the answer. With SQLite or a standby it handles
all of them.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sqlalchemy import Engine

from backend import metrics
from backend.api import plain_pull, plain_reply
from backend.api.compression import COMPRESSED, coding_for, compress
from backend.api.plain_pull import PATH, PlainPull
from backend.api.responses import weak_etag
from backend.api.services import Services
from backend.api.work import Work
from backend.database.bulk import POSTGRESQL
from backend.database.snapshot_reads import ReadConnection
from backend.identity.principals import Principal
from backend.identity.tokens import AccessToken
from backend.sync import delta
from backend.sync.page import Page


@dataclass(frozen=True)
class DeltaMiddleware:
    """WSGI middleware around *app*, which answers deltas itself."""

    app: WSGIApplication
    engine: Engine
    services: Services

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or not self._is_possible:
            return self.app(environ, start_response)
        began = time.perf_counter()
        pull = plain_pull.parse(environ)
        coding = coding_for(environ.get("HTTP_ACCEPT_ENCODING", ""))
        if pull is None or coding not in COMPRESSED:
            return self.app(environ, start_response)
        # Counted as in `backend.api.admission`; a request that gets no turn is refused there.
        if not self.services.admission.enter(Work.PULL):
            return self.app(environ, start_response)
        try:
            result = self._read(environ, pull)
            body = compress(result[1].body, coding) if result else b""
        finally:
            self.services.admission.leave()
        if result is None:
            return self.app(environ, start_response)
        principal, page = result
        headers = [
            *plain_pull.headers_of(self.services, weak_etag(page.etag)),
            *plain_reply.described(page.body, body, coding),
        ]
        plain_reply.start(
            environ, start_response, self.services, status=200, headers=headers, principal=principal,
            began=began,
        )  # fmt: skip
        metrics.count_page(page.idle, len(page.body), page.rows, page.reset, page.drop_causes)
        return (body,)

    @property
    def _is_possible(self) -> bool:
        return self.engine.dialect.name == POSTGRESQL and self.services.standby is None

    def _read(self, environ: WSGIEnvironment, pull: PlainPull) -> tuple[Principal, Page] | None:
        """Return the device that sends *pull*, and its page; None if the app has to answer."""
        query = pull.query

        def page(connection: ReadConnection, token: AccessToken) -> tuple[Principal, Page] | None:
            return delta.read(
                connection,
                token,
                cursor_text=query.cursor,
                schema=query.schema,
                limit_bytes=query.limit_bytes,
                now=self.services.clock.now(),
                poll_after=self.services.limits.poll_after_seconds,
            )

        result = plain_pull.read(self.engine, self.services, environ, pull, page)
        # Whether a page without changes is a 304 is the app's decision.
        is_conditional = "HTTP_IF_NONE_MATCH" in environ
        return None if result is not None and result[1].idle and is_conditional else result
