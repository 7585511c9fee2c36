"""The scripted server: tells a story by the rules, and for one request at a time does what a rule asks for."""

import hashlib
import threading
from collections.abc import Callable
from typing import Any

from sync_protocol.canonical import NotCanonical, digest
from sync_protocol.conformance import proofs
from sync_protocol.conformance.http_server import HttpServer, Reply, Request, json_reply, problem
from sync_protocol.conformance.script import REP, Script
from sync_protocol.conformance.segment_files import SegmentFiles
from sync_protocol.conformance.tus import Receipts
from sync_protocol.conformance.verify_replies import verified

Json = dict[str, Any]
Answer = Callable[[Request], Reply]
Trick = Callable[[Request], Reply | None]
CODE = "CONF0-RMANC-E0KIT"
ISSUER = "https://conformance.satchel.test"


class ScriptedServer:
    """A server with one rep and one story. `asked` holds every request; `documents` what was pushed, by id."""

    def __init__(self, story: Script) -> None:
        self.story = story
        self.asked: list[Request] = []
        self.documents: dict[str, Json] = {}
        self.receipts = Receipts()
        self.shelf = SegmentFiles()
        self.results: dict[str, Json] = {}
        self.revoked = False
        self.public_key: Json | None = None
        self.generation = 1
        self.valid: set[str] = set()
        self.faults: list[str] = []
        self.always: Trick = lambda request: None
        self._tricks: list[Trick] = []
        self._lock = threading.RLock()
        self.line = HttpServer(self._respond)

    def once(self, path: str, answer: Answer, *, method: str | None = None) -> None:
        """Answer the next request to *path* (and what is below it) with *answer*."""
        self._next(lambda asked: asked.path.startswith(path) and method in (None, asked.method), answer)

    def next_pull(self, answer: Answer) -> None:
        """Answer the next request that brings a page, be it a pull or a sync."""
        self._next(lambda asked: asked.path in ("/v1/pull", "/v1/sync"), answer)

    def next_push(self, answer: Answer) -> None:
        """Answer the next request that carries documents, be it a push or a sync."""
        self._next(lambda asked: asked.path in ("/v1/push", "/v1/sync"), answer)

    def _next(self, meant: Callable[[Request], bool], answer: Answer) -> None:
        def trick(request: Request) -> Reply | None:
            if not meant(request):
                return None
            self._tricks.remove(trick)
            return answer(request)

        self._tricks.append(trick)

    def lost(self, request: Request) -> Reply:
        """Do what *request* asks, and let the answer be lost."""
        self.answer(request)
        return Reply(0, lost=True)

    def requests(self, path: str, method: str | None = None) -> list[Request]:
        """Return what was asked at *path* and below."""
        return [r for r in self.asked if r.path.startswith(path) and method in (None, r.method)]

    def _respond(self, request: Request) -> Reply:
        with self._lock:
            self.asked.append(request)
            tricks = [*self._tricks, self.always]
        for trick in tricks:
            reply = trick(request)
            if reply is not None:
                return reply
        return self.answer(request)

    def answer(self, request: Request) -> Reply:
        """Answer by the rules."""
        with self._lock:
            if request.path == "/v1/enrol":
                return self._enrol(request.value or {})
            if request.path == "/v1/token":
                return self._token(request.value or {})
            if request.path == "/v1/limits":
                return problem(404, "not_found")
            if self.revoked:
                return problem(401, "device_revoked", wipe=True)
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
                return problem(401, "token_expired")
            if request.path == "/v1/pull":
                return self.page(request.query.get("cursor"), request)
            if request.path in ("/v1/push", "/v1/sync"):
                return self._push(request)
            if request.path == "/v1/verify":
                cursor = request.value["cursor"]
                rows, epoch = self.story.rows.get(cursor, {}), self.story.empty(cursor)["epoch"]
                return json_reply(verified(request.value, rows, epoch))
            if request.path.startswith("/v1/segments/"):
                return self.shelf.answer(request)
            return self.receipts.answer(request)

    def page(self, cursor: str | None, request: Request) -> Reply:
        """Return the page after *cursor*, or 304."""
        page = self.story.pages.get(cursor)
        if page is None:
            if cursor is not None and request.headers.get("if-none-match") == tag(cursor):
                return Reply(304, headers={"ETag": tag(cursor), "Satchel-Poll-After": "60"})
            page = self.story.empty(cursor)
        return json_reply(page, headers={"ETag": tag(page["cursor"])})

    def _enrol(self, asked: Json) -> Reply:
        key = asked.get("public_key")
        if asked.get("code") != CODE or (self.public_key is not None and self.public_key != key):
            return problem(400, "enrolment_code_invalid")
        self.faults += proofs.key_faults(key)
        self.public_key = key
        who = {"device_id": "conformance-device", "rep": {"id": REP, "name": "Rosa Reyes"}}
        return json_reply({**who, "company": "Conformance", "issuer": ISSUER, **self._issue()}, 201)

    def _issue(self) -> Json:
        access = f"access-{self.generation}-{len(self.valid)}"
        self.valid.add(access)
        return {"access_token": access, "expires_in": 900, "refresh_token": f"refresh-{self.generation}"}

    def _token(self, asked: Json) -> Reply:
        if self.revoked:
            return problem(401, "device_revoked", wipe=True)
        presented = str(asked.get("refresh_token"))
        self.faults += proofs.proof_faults(str(asked.get("proof")), presented, ISSUER, self.public_key)
        if presented == f"refresh-{self.generation}":
            self.generation += 1
        elif presented != f"refresh-{self.generation - 1}":
            return problem(401, "refresh_invalid")
        return json_reply(self._issue())

    def expire(self) -> None:
        """Let every access token given so far be expired."""
        self.valid.clear()

    def _push(self, request: Request) -> Reply:
        asked = request.value
        results = [self.take(document) for document in asked["submissions"]]
        if request.path == "/v1/push":
            return json_reply({"results": results})
        page = self.story.pages.get(asked.get("cursor")) or self.story.empty(asked.get("cursor"))
        etag = {"ETag": tag(page["cursor"])}
        return json_reply({"results": results, "page": page, "problem": None}, headers=etag)

    def take(self, document: Json) -> Json:
        """Return the result of one pushed document."""
        id, sha256 = document["id"], document["sha256"]
        if id in self.results:
            return self.results[id]
        known = self.documents.get(id)
        try:
            whole = digest(document["body"]) == sha256
        except NotCanonical:
            whole = False
        if not whole:
            self.faults.append(f"the sha256 of document {id} is not that of its body")
        if known is not None and known != document:
            self.faults.append(f"document {id} was pushed twice and was not the same")
        self.documents[id] = document
        status = "received" if known is None else "duplicate"
        return {"id": id, "status": status, "state": "queued", "sha256": sha256, "errors": []}


def tag(cursor: str) -> str:
    """Return the ETag of the page that gives *cursor*."""
    return f'W/"{hashlib.sha256(cursor.encode()).hexdigest()[:32]}"'
