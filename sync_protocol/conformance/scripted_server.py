"""The scripted server: it plays a source by the rules, and a test may override the reply to any request.

It has no socket of its own: `HttpServer(server.respond)` makes it reachable for a device in another process.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from sync_protocol.canonical import NotCanonical, digest
from sync_protocol.conformance.http_server import Reply, Request, json_reply, problem
from sync_protocol.conformance.segment_files import SegmentFiles
from sync_protocol.conformance.source import Source
from sync_protocol.conformance.token_issuer import (
    CODE,
    ISSUER,
    OTHER_REP_CODE,
    SECOND_CODE,
    WIPE_ORDER,
    TokenIssuer,
)
from sync_protocol.conformance.tus import ReceiptUploads
from sync_protocol.cursor import CursorInvalid
from sync_protocol.limits import LIMITS

Json = dict[str, Any]
"""A JSON object as it travels: a submission (`SubmissionSchema`), a result (`ResultSchema`) or a page."""
__all__ = ["CODE", "ISSUER", "OTHER_REP_CODE", "SECOND_CODE", "ScriptedServer", "etag_of"]
Answer = Callable[[Request], Reply]
Override = Callable[[Request], Reply | None]
IDLE_POLL_AFTER = 45
"""Seconds until the next poll that a 304 states; a script's pages state others."""


class ScriptedServer(TokenIssuer):
    """A server with one rep that plays *source*.

    `received` holds every request, `documents` the pushed documents by id. `results` holds results to return
    instead of the ordinary ones, by id. `ahead` is by how many seconds the server's clock is ahead of this
    machine's. `override` is asked about every request; a request for which it returns None gets the ordinary
    reply.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(lambda: time.time() + self.ahead)
        self.source = source
        self.ahead = 0.0
        self.received: list[Request] = []
        self.documents: dict[str, Json] = {}
        self.receipts = ReceiptUploads()
        self.segments = SegmentFiles()
        self.results: dict[str, Json] = {}
        self.override: Override | None = None
        self._overrides: list[Override] = []
        self._lock = threading.RLock()

    def once(self, path: str, answer: Answer, *, method: str | None = None) -> None:
        """Answer the next request to *path* or below it with *answer*."""
        self._next(lambda request: request.path.startswith(path) and method in (None, request.method), answer)

    def once_proven(self, path: str, answer: Answer) -> None:
        """Answer the next request to *path* with *answer* whose proof has a valid nonce."""
        self._next(lambda request: request.path == path and self.has_nonce(request), answer)

    def next_pull(self, answer: Answer) -> None:
        """Answer the next request that returns a page (a pull or a sync) with *answer*."""
        self._next(lambda request: request.path in ("/v1/pull", "/v1/sync"), answer)

    def next_push(self, answer: Answer) -> None:
        """Answer the next request that carries documents (a push or a sync) with *answer*."""
        self._next(lambda request: request.path in ("/v1/push", "/v1/sync"), answer)

    def _next(self, matches: Callable[[Request], bool], answer: Answer) -> None:
        def override(request: Request) -> Reply | None:
            if not matches(request):
                return None
            self._overrides.remove(override)
            return answer(request)

        self._overrides.append(override)

    def lose_reply(self, request: Request) -> Reply:
        """Process *request*, and lose the reply."""
        self.answer(request)
        return Reply(0, lost=True)

    def requests(self, path: str, method: str | None = None) -> list[Request]:
        """Return the requests received at *path* and below it."""
        return [r for r in self.received if r.path.startswith(path) and method in (None, r.method)]

    def respond(self, request: Request) -> Reply:
        """Record *request* and return its reply: the one that a test wants, or else the ordinary one."""
        with self._lock:
            self.received.append(request)
            overrides = list(self._overrides)
        for override in [*overrides, *([self.override] if self.override else [])]:
            reply = override(request)
            if reply is not None:
                return reply
        return self.answer(request)

    def answer(self, request: Request) -> Reply:
        """Answer by the rules of the protocol."""
        with self._lock:
            if request.path == "/v1/enrol":
                return self.enrol(request)
            if request.path == "/v1/token":
                return self.token(request)
            if request.path == "/v1/wiped":
                return self.wiped(request)
            if request.path == "/v1/limits":
                return problem(404, "not_found")
            if self.revoked:
                return problem(401, "device_revoked", wipe=True, wipe_order=WIPE_ORDER)
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid_tokens:
                return problem(401, "token_expired")
            if request.path == "/v1/pull":
                return self.page(request.query.get("cursor"), request)
            if request.path in ("/v1/push", "/v1/sync"):
                return self._push(request)
            if request.path == "/v1/verify":
                return json_reply(self.source.verify(request.value))
            if request.path.startswith("/v1/segments/"):
                return self.segments.answer(request)
            return self.receipts.answer(request)

    def page(self, cursor: str | None, request: Request) -> Reply:
        """Return the page after *cursor*, or 304."""
        try:
            tag = request.headers.get("if-none-match")
            if cursor is not None and tag == etag_of(cursor) and self.source.unchanged_since(cursor):
                return Reply(304, headers={"ETag": tag, "Satchel-Poll-After": str(IDLE_POLL_AFTER)})
            page = self.source.page_after(cursor)
        except CursorInvalid:
            return problem(400, "cursor_invalid")
        return json_reply(page, headers={"ETag": etag_of(page["cursor"])})

    def _push(self, request: Request) -> Reply:
        body = request.value
        if len(body["submissions"]) > LIMITS.push_submissions or len(request.body) > LIMITS.push_bytes:
            self.faults.append(f"a push has {len(body['submissions'])} documents and {len(request.body)} bytes")
            return problem(413, "body_too_large")
        results = [self.store(document) for document in body["submissions"]]
        if request.path == "/v1/push":
            return json_reply({"results": results})
        try:
            page = self.source.page_after(body.get("cursor"))
        except CursorInvalid:
            invalid = json.loads(problem(400, "cursor_invalid").body)
            return json_reply({"results": results, "page": None, "problem": invalid})
        headers = {"ETag": etag_of(page["cursor"])}
        return json_reply({"results": results, "page": page, "problem": None}, headers=headers)

    def store(self, document: Json) -> Json:
        """Store one pushed document and return its result."""
        id, sha256 = document["id"], document["sha256"]
        if id in self.results:
            return self.results[id]
        stored = self.documents.get(id)
        try:
            is_intact = digest(document["body"]) == sha256
        except NotCanonical:
            is_intact = False
        if not is_intact:
            self.faults.append(f"the sha256 of document {id} does not match its body")
        if stored is not None and stored != document:
            self.faults.append(f"document {id} changed between two pushes")
        self.documents[id] = document
        status = "received" if stored is None else "duplicate"
        return {"id": id, "status": status, "state": "queued", "sha256": sha256, "errors": []}


def etag_of(cursor: str) -> str:
    """Return the ETag of the page with *cursor*."""
    return f'W/"{hashlib.sha256(cursor.encode()).hexdigest()[:32]}"'
