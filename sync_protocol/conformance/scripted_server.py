"""The scripted server: it plays a script by the rules, and a rule may override the reply to one request."""

import hashlib
import threading
from collections.abc import Callable
from typing import Any

from sync_protocol.canonical import NotCanonical, digest
from sync_protocol.conformance import proofs
from sync_protocol.conformance.http_server import HttpServer, Reply, Request, json_reply, problem
from sync_protocol.conformance.script import REP, Script
from sync_protocol.conformance.segment_files import SegmentFiles
from sync_protocol.conformance.tus import ReceiptUploads
from sync_protocol.conformance.verify_replies import verify_reply

Json = dict[str, Any]
Answer = Callable[[Request], Reply]
Override = Callable[[Request], Reply | None]
CODE = "CONF0-RMANC-E0KIT"
ISSUER = "https://conformance.satchel.test"


class ScriptedServer:
    """A server with one rep that plays *script*.

    `received` holds every request, `documents` the pushed documents by id, `faults` the violations of the wire
    that the server met. `results` holds results to return instead of the ordinary ones, by id.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.received: list[Request] = []
        self.documents: dict[str, Json] = {}
        self.receipts = ReceiptUploads()
        self.segments = SegmentFiles()
        self.results: dict[str, Json] = {}
        self.revoked = False
        self.public_key: Json | None = None
        self.generation = 1
        self.valid_tokens: set[str] = set()
        self.faults: list[str] = []
        self.override: Override = lambda request: None
        self._overrides: list[Override] = []
        self._lock = threading.RLock()
        self.http = HttpServer(self._respond)

    def once(self, path: str, answer: Answer, *, method: str | None = None) -> None:
        """Answer the next request to *path* or below it with *answer*."""
        self._next(lambda request: request.path.startswith(path) and method in (None, request.method), answer)

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

    def _respond(self, request: Request) -> Reply:
        with self._lock:
            self.received.append(request)
            overrides = [*self._overrides, self.override]
        for override in overrides:
            reply = override(request)
            if reply is not None:
                return reply
        return self.answer(request)

    def answer(self, request: Request) -> Reply:
        """Answer by the rules of the protocol."""
        with self._lock:
            if request.path == "/v1/enrol":
                return self._enrol(request.value or {})
            if request.path == "/v1/token":
                return self._token(request.value or {})
            if request.path == "/v1/limits":
                return problem(404, "not_found")
            if self.revoked:
                return problem(401, "device_revoked", wipe=True)
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid_tokens:
                return problem(401, "token_expired")
            if request.path == "/v1/pull":
                return self.page(request.query.get("cursor"), request)
            if request.path in ("/v1/push", "/v1/sync"):
                return self._push(request)
            if request.path == "/v1/verify":
                cursor = request.value["cursor"]
                rows, epoch = self.script.rows.get(cursor, {}), self.script.empty(cursor)["epoch"]
                return json_reply(verify_reply(request.value, rows, epoch))
            if request.path.startswith("/v1/segments/"):
                return self.segments.answer(request)
            return self.receipts.answer(request)

    def page(self, cursor: str | None, request: Request) -> Reply:
        """Return the page after *cursor*, or 304."""
        page = self.script.pages.get(cursor)
        if page is None:
            if cursor is not None and request.headers.get("if-none-match") == etag_of(cursor):
                return Reply(304, headers={"ETag": etag_of(cursor), "Satchel-Poll-After": "60"})
            page = self.script.empty(cursor)
        return json_reply(page, headers={"ETag": etag_of(page["cursor"])})

    def _enrol(self, body: Json) -> Reply:
        key = body.get("public_key")
        if body.get("code") != CODE or (self.public_key is not None and self.public_key != key):
            return problem(400, "enrolment_code_invalid")
        self.faults += proofs.key_faults(key)
        self.public_key = key
        identity = {"device_id": "conformance-device", "rep": {"id": REP, "name": "Rosa Reyes"}}
        return json_reply({**identity, "company": "Conformance", "issuer": ISSUER, **self._issue()}, 201)

    def _issue(self) -> Json:
        access = f"access-{self.generation}-{len(self.valid_tokens)}"
        self.valid_tokens.add(access)
        return {"access_token": access, "expires_in": 900, "refresh_token": f"refresh-{self.generation}"}

    def _token(self, body: Json) -> Reply:
        if self.revoked:
            return problem(401, "device_revoked", wipe=True)
        refresh_token = str(body.get("refresh_token"))
        self.faults += proofs.proof_faults(str(body.get("proof")), refresh_token, ISSUER, self.public_key)
        if refresh_token == f"refresh-{self.generation}":
            self.generation += 1
        elif refresh_token != f"refresh-{self.generation - 1}":
            return problem(401, "refresh_invalid")
        return json_reply(self._issue())

    def expire(self) -> None:
        """Expire every access token issued so far."""
        self.valid_tokens.clear()

    def _push(self, request: Request) -> Reply:
        body = request.value
        results = [self.store(document) for document in body["submissions"]]
        if request.path == "/v1/push":
            return json_reply({"results": results})
        page = self.script.pages.get(body.get("cursor")) or self.script.empty(body.get("cursor"))
        etag = {"ETag": etag_of(page["cursor"])}
        return json_reply({"results": results, "page": page, "problem": None}, headers=etag)

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
