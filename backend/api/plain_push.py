"""Answers ordinary pushes before Flask handles them, and passes every other request on to the app.

It authenticates, reads the body and stores the documents by the functions that the route calls. In every case
but a 200, the app handles the request again and decides the answer: nothing was stored, or documents that were
stored are recognised by their ids. With SQLite or a standby the app handles all of them.
"""

import io
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from backend import logs
from backend.api import plain_reply, push_storage, quota, rate_guard, request_log
from backend.api.compression import COMPRESSED, coding_for, compress
from backend.api.problems import Problem
from backend.api.push_storage import Pushing
from backend.api.responses import encode
from backend.api.services import Services
from backend.api.work import Work
from backend.database.bulk import POSTGRESQL
from backend.database.snapshot_reads import read_connection
from backend.identity.principals import Principal
from backend.identity.tokens import DeviceRevoked, TokenExpired, TokenInvalid
from backend.sync.push import PushTooLarge
from sync_protocol import strict_json
from sync_protocol.collection import schema_faults
from sync_protocol.limits import LIMITS
from sync_protocol.push import PushRequestSchema, ResultJson
from sync_protocol.strict_json import NotStrictJson

PATH = "/v1/push"
log = logging.getLogger(__name__)

_ANSWERED_BY_APP = (
    TokenInvalid, TokenExpired, DeviceRevoked, Problem, PushTooLarge, NotStrictJson, SQLAlchemyError, OSError,
)  # fmt: skip
"""What happens to the app again, which answers and logs it. OSError: the body broke off."""
_UNUSUAL = ("HTTP_ORIGIN", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT")
"""Headers that only the app understands. A browser's request from another origin gets more headers."""


@dataclass(frozen=True)
class PushMiddleware:
    """WSGI middleware around *app*, which answers ordinary pushes itself."""

    app: WSGIApplication
    engine: Engine
    services: Services

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or not self._is_possible or not _is_ordinary(environ):
            return self.app(environ, start_response)
        began = time.perf_counter()
        coding = coding_for(environ.get("HTTP_ACCEPT_ENCODING", ""))
        # Counted as in `backend.api.admission`; a push is always admitted.
        if coding not in COMPRESSED or not self.services.admission.enter(Work.PUSH):
            return self.app(environ, start_response)
        request_id = request_log.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            with logs.fields(request_id=request_id):
                principal, results = self._stored(environ)
        except _ANSWERED_BY_APP:
            results = None
        except Exception:
            # The app may succeed where this has a fault of its own, and then nobody else would notice.
            log.exception("a push is handled again by the app")
            results = None
        finally:
            self.services.admission.leave()
        if results is None:
            return self.app(environ, start_response)
        body = encode({"results": results})
        sent = compress(body, coding)
        plain_reply.start(
            environ, start_response, self.services, status=200,
            headers=plain_reply.described(body, sent, coding), principal=principal, began=began,
            request_id=request_id,
        )  # fmt: skip
        return (sent,)

    @property
    def _is_possible(self) -> bool:
        return self.engine.dialect.name == POSTGRESQL and self.services.standby is None

    def _stored(self, environ: WSGIEnvironment) -> tuple[Principal, list[ResultJson] | None]:
        """Store what the push has; None if the app has to answer. Raises anything."""
        services = self.services
        now = services.clock.now()
        token = services.token_cache.verify(environ["HTTP_AUTHORIZATION"].partition(" ")[2], now)
        waits = rate_guard.wait_of_device(services, environ, token, now, pushes=True)
        with read_connection(self.engine) as connection:
            principal, used = quota.read_today(connection, token, services)
        # While the body arrives, no connection is taken.
        documents = None if waits else _documents(environ)
        if documents is None:
            return principal, None
        pushing = Pushing(services, self.engine, token, principal, used)
        return principal, push_storage.store(pushing, documents, received=int(environ["CONTENT_LENGTH"]))


def _is_ordinary(environ: WSGIEnvironment) -> bool:
    """Say whether the head of the request is that of a push of a few documents, by a device."""
    length = environ.get("CONTENT_LENGTH", "")
    return (
        environ["REQUEST_METHOD"] == "POST"
        and not environ["QUERY_STRING"]
        and environ.get("CONTENT_TYPE") == "application/json"
        and length.isascii()
        and length.isdigit()
        and len(length) <= 10
        and int(length) <= LIMITS.inflate_free_bytes
        and environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer ")
        and not any(name in environ for name in _UNUSUAL)
    )


def _documents(environ: WSGIEnvironment) -> list[Any] | None:
    """Read the body, and return its documents; None if it is not a valid push.

    The app can read the body again, as far as it has arrived. Raises `strict_json.NotStrictJson`.
    """
    length = int(environ["CONTENT_LENGTH"])
    stream, body = environ["wsgi.input"], b""
    try:
        while len(body) < length and (piece := stream.read(length - len(body))):
            body += piece
    finally:
        # Of a body that broke off the app finds fewer bytes than were announced.
        environ["wsgi.input"] = io.BytesIO(body)
    value = strict_json.decode(body) if len(body) == length else None
    if not isinstance(value, dict) or schema_faults(PushRequestSchema, value):
        return None
    documents: list[Any] = value["submissions"]
    return documents
