"""A server in memory that speaks the wire, and fails on request: an httpx transport, no network."""

import gzip
import hashlib
import json
from collections.abc import Callable
from typing import Any

import httpx
import jwt

from sync_protocol import base64url
from sync_protocol.canonical import digest
from sync_protocol.cursor import CursorInvalid
from tests.unit.device import fake_segments, verify_model
from tests.unit.device.fake_receipts import FakeReceipts
from tests.unit.device.feed_model import Feed

ISSUER = "https://satchel.test"
CODE = "CODE-1"
JSON = {"Content-Type": "application/json"}

Trick = Callable[[httpx.Request], httpx.Response | None]


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    """Return problem details as the server writes them; `retry_after` becomes a header."""
    headers = {"Content-Type": "application/problem+json", "Satchel-Error": code}
    if "retry_after" in more:
        headers["Retry-After"] = str(more.pop("retry_after"))
    body = {"type": "about:blank", "title": code, "status": status, "detail": f"It is {code}.", "code": code}
    return httpx.Response(status, headers=headers, content=json.dumps(body | more).encode())


class FakeServer(httpx.BaseTransport):
    """One rep, R1, one feed, one inbox. `tricks` are taken in order, each for one request that it answers."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.inbox: dict[str, dict[str, Any]] = {}
        self.frozen: dict[str, bytes] = {}
        self.receipts = FakeReceipts()
        self.page_rows = 1000
        self.seen: list[str] = []
        self.tricks: list[Trick] = []
        self.always: Trick | None = None
        self.key: dict[str, str] | None = None
        self.generation = 0
        self.valid_access: set[str] = set()
        self.revoked = False
        self.offline = False
        self.judge: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda document: None
        self.feed.grant(("rep:R1", "submissions"))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        ready = self._handled(request)
        # A response made from bytes counts as read and decoded; on the line it is neither.
        return httpx.Response(ready.status_code, headers=ready.headers, stream=ready.stream)

    def _handled(self, request: httpx.Request) -> httpx.Response:
        if self.offline:
            raise httpx.ConnectError("no route to host", request=request)
        body = request.read()
        self.seen.append(f"{request.method} {request.url.path}")
        for trick in [*self.tricks, *([self.always] if self.always else [])]:
            answer = trick(request)
            if answer is not None:
                if trick in self.tricks:
                    self.tricks.remove(trick)
                return answer
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return self.answer(request, body)

    def answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        path = request.url.path
        if path == "/v1/enrol":
            return self._enrol(json.loads(body))
        if path == "/v1/token":
            return self._token(json.loads(body))
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.revoked:
            return problem(401, "device_revoked", wipe=True)
        if token not in self.valid_access:
            return problem(401, "token_expired")
        if path == "/v1/pull":
            return self._pull(request)
        if path in ("/v1/push", "/v1/sync"):
            return self._push(path, body)
        if path == "/v1/verify":
            return httpx.Response(200, json=verify_model.answer(self.feed, json.loads(body)))
        if path.startswith("/v1/segments/"):
            return fake_segments.answer(self.feed, request) or problem(410, "segment_gone")
        return self.receipts.answer(request, body, self.arrived)

    def lose_reply(self, path: str) -> None:
        """Do what the next request to *path* asks, and let its reply be lost."""

        def lose(request: httpx.Request) -> httpx.Response | None:
            if request.url.path != path:
                return None
            body = request.content
            if request.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            self.answer(request, body)
            raise httpx.ReadError("connection reset", request=request)

        def once(request: httpx.Request) -> httpx.Response | None:
            if request.url.path == path:
                self.tricks.remove(once)
            return lose(request)

        self.tricks.append(once)

    def next(self, path: str, answer: Callable[[], httpx.Response]) -> None:
        """Answer the next request to *path* with *answer*."""
        self.tricks.append(lambda request: answer() if request.url.path == path else None)

    def _enrol(self, asked: dict[str, Any]) -> httpx.Response:
        if asked["code"] != CODE or (self.key is not None and self.key != asked["public_key"]):
            return problem(400, "enrolment_code_invalid")
        self.key = asked["public_key"]
        reply = {
            "device_id": "D" + hashlib.sha256(self.key["x"].encode()).hexdigest()[:8],
            "rep": {"id": "R1", "name": "Rosa Reyes"},
            "company": "Northwind",
            "issuer": ISSUER,
        }
        return httpx.Response(201, json=reply | self._issue())

    def _issue(self) -> dict[str, Any]:
        access = f"access-{self.generation}-{len(self.valid_access)}"
        self.valid_access.add(access)
        return {"access_token": access, "expires_in": 900, "refresh_token": f"refresh-{self.generation}"}

    def _token(self, asked: dict[str, Any]) -> httpx.Response:
        if self.revoked:
            return problem(401, "device_revoked", wipe=True)
        presented = asked["refresh_token"]
        key = jwt.PyJWK({**(self.key or {}), "alg": "EdDSA"}).key
        assert jwt.get_unverified_header(asked["proof"])["typ"] == "satchel-proof+jwt"
        claims = jwt.decode(asked["proof"], key, algorithms=["EdDSA"], audience=ISSUER)
        assert claims["rth"] == base64url.encode(hashlib.sha256(presented.encode()).digest())
        if presented == f"refresh-{self.generation}":
            self.generation += 1
        elif presented != f"refresh-{self.generation - 1}":
            return problem(401, "refresh_invalid")
        return httpx.Response(200, json=self._issue())

    def expire_access(self) -> None:
        self.valid_access.clear()

    def _pull(self, request: httpx.Request) -> httpx.Response:
        cursor = request.url.params.get("cursor")
        try:
            page = self.feed.page(cursor, self.page_rows)
        except CursorInvalid:
            return problem(400, "cursor_invalid")
        idle = cursor is not None and page["complete"] and not page["changes"] and not page["drop"]
        if idle and not page["reset"] and request.headers.get("if-none-match") == etag_of(cursor):
            return httpx.Response(304, headers={"Satchel-Poll-After": "45", "ETag": etag_of(cursor)})
        plain = json.dumps(page).encode()
        headers = JSON | {"ETag": etag_of(page["cursor"]), "Content-Encoding": "gzip"}
        return httpx.Response(200, headers=headers, content=gzip.compress(plain))

    def _push(self, path: str, body: bytes) -> httpx.Response:
        asked = json.loads(body)
        results = [self._take(document, body) for document in asked["submissions"]]
        if path == "/v1/push":
            return httpx.Response(200, json={"results": results})
        try:
            page, trouble = self.feed.page(asked["cursor"], self.page_rows), None
        except CursorInvalid:
            page, trouble = None, json.loads(problem(400, "cursor_invalid").content)
        return httpx.Response(200, json={"results": results, "page": page, "problem": trouble})

    def _take(self, document: dict[str, Any], raw: bytes) -> dict[str, Any]:
        id, sha256 = document["id"], document["sha256"]
        judged = self.judge(document)
        if judged is not None:
            return {"id": id, "state": None, "sha256": None, "errors": []} | judged
        assert digest(document["body"]) == sha256
        if id in self.inbox:
            same = self.inbox[id]["sha256"] == sha256
            status = "duplicate" if same else "quarantined"
            return {
                "id": id,
                "status": status,
                "state": self.inbox[id]["state"],
                "sha256": sha256,
                "errors": [],
            }
        missing = [ref for ref in document["needs"] if ref.removeprefix("sha256:") not in self.receipts.stored]
        state = "received" if missing else "queued"
        self.inbox[id] = document | {"state": state, "missing": missing}
        self.frozen[id] = raw
        self.say(id)
        return {"id": id, "status": "received", "state": state, "sha256": sha256, "errors": []}

    def say(self, id: str, **more: Any) -> None:
        """Publish the submission's record, changed by *more*."""
        document = self.inbox[id]
        document |= more
        record = {
            "id": id, "rep": "R1", "kind": document["kind"], "title": "", "state": document["state"],
            "captured_at": document["captured_at"], "received_at": self.feed.server_time,
            "updated_at": self.feed.server_time, "sha256": document["sha256"],
            "erp_number": document.get("erp_number"), "reason": document.get("reason"),
            "errors": [], "missing": document["missing"], "supersedes": document["supersedes"],
            "superseded_by": document.get("superseded_by"), "body": document["body"],
        }  # fmt: skip
        self.feed.put("rep:R1", "submissions", id, record)

    def arrived(self, sha256: str) -> None:
        """A receipt is complete: what waited for it moves on."""
        for id, document in self.inbox.items():
            if f"sha256:{sha256}" in document["missing"]:
                left = [ref for ref in document["missing"] if ref != f"sha256:{sha256}"]
                self.say(id, missing=left, state=document["state"] if left else "queued")


def etag_of(cursor: str) -> str:
    return f'W/"{hashlib.sha256(cursor.encode()).hexdigest()[:16]}"'
