"""Random hostile requests: each golden exchange of the wire and of the office API, damaged somewhere.

A round plays them against one installation. None may be answered with a 5xx, none may answer in another format
than its route, and no reply to R1's phone may hold what only R2 may read.
"""

import gzip
import json
import random
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.contract.wire import exchange
from tests.contract.wire.office import FOLDER as OFFICE_FOLDER
from tests.security import hostile_values as hostile
from tests.security.company import OFFICE_TOKEN, PARKED, Attacked

SECRET = (b"Customer C2", PARKED.encode())
"""What only R2 may read, in the company of `attacked`. Names of channels may come back: a cursor holds them."""
TUS_HEADERS = ("Tus-Resumable", "Upload-Length", "Upload-Offset", "Upload-Metadata", "Upload-Checksum")
STRANGE_HEADERS = (
    "Range", "If-Range", "If-None-Match", "Content-Encoding", "Accept-Encoding", "X-HTTP-Method-Override",
    "Cookie", "Origin", "X-Request-Id", "X-Forwarded-For", "Host", "Expect", "Transfer-Encoding", *TUS_HEADERS,
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND")
FORGER = Ed25519PrivateKey.generate()


@cache
def templates() -> list[exchange.Golden]:
    """Return the requests of all golden exchanges."""
    return [
        exchange.read(name, folder)["request"]
        for folder in (exchange.FOLDER, OFFICE_FOLDER)
        for name in exchange.names(folder)
    ]


def play(target: Attacked, seed: int, number: int) -> list[str]:
    """Send *number* hostile requests drawn from *seed*; return what went wrong, one line each."""
    chance = random.Random(seed)
    cursor = target.phone.pull().json["cursor"]
    wrong = []
    for step in range(number):
        request = hostile_request(chance, target, cursor)
        is_office = "office" in request["path"]
        response = target.installation.client.open(**request)
        fault = fault_of(response, leaks=() if is_office else SECRET, sent=repr(request).encode())
        if fault:
            wrong.append(f"seed {seed} step {step}: {fault}: {request!r}"[:1_500])
    return wrong


def fault_of(response: Any, leaks: tuple[bytes, ...], sent: bytes) -> str | None:
    """Return what is wrong with *response*, or None."""
    body, status = response.get_data(), response.status_code
    if status >= 500 and response.headers.get("Satchel-Error") != "not_yet":
        return f"status {status}"
    if status >= 400 and body and response.mimetype != "application/problem+json":
        return f"status {status} as {response.mimetype}"
    if b"Traceback" in body or b"sqlalchemy" in body:
        return "an internal text"
    leaked = [word for word in leaks if word in body and word not in sent]
    return f"{leaked} of another rep" if leaked else None


def hostile_request(chance: random.Random, target: Attacked, cursor: str) -> dict[str, Any]:
    """Return the arguments of a request of the test client."""
    golden = chance.choice(templates())
    path, headers = golden["path"], dict(golden.get("headers", {}))
    query = dict(golden.get("query", {}))
    if "cursor" in query or (path == "/v1/pull" and chance.random() < 0.5):
        query["cursor"] = cursor
    body = golden.get("body")
    if isinstance(body, dict) and body.get("cursor"):
        body = {**body, "cursor": cursor}
    if "/parked/" in path and chance.random() < 0.7:
        action = path.rpartition("/")[2] if path.count("/") > 4 else ""
        path = f"/v1/office/parked/{PARKED}" + (f"/{action}" if action else "")
    if "Authorization" in headers:
        headers["Authorization"] = f"Bearer {_token(chance, target, 'office' in path)}"
    for _ in range(chance.randrange(1, 3)):
        path, query, headers, body = _damage(chance, path, query, headers, body)
    data = hostile.to_bytes(body) if body is not None else exchange.body_of(golden)
    if chance.random() < 0.25:
        data = hostile.damaged_bytes(chance, data)
    if chance.random() < 0.1:
        data, headers["Content-Encoding"] = gzip.compress(data, 1), "gzip"
        if chance.random() < 0.5:
            data = hostile.damaged_bytes(chance, data)
    length = headers.pop("Content-Length", None)
    method = golden["method"] if chance.random() < 0.95 else chance.choice(METHODS)
    overrides = {"CONTENT_LENGTH": length} if length is not None else {}
    return {
        "path": quote(path, safe="/%", errors="surrogatepass"), "method": method, "data": data,
        "query_string": urlencode(query, errors="surrogatepass"),
        "headers": {name: _header(value) for name, value in headers.items()}, "environ_overrides": overrides,
    }  # fmt: skip


def _damage(chance: random.Random, path: str, query: Any, headers: Any, body: Any) -> tuple[Any, ...]:
    match chance.randrange(8):
        case 0 | 1 | 2 if body is not None:
            body = hostile.damaged_json(chance, body)
        case 3 if "cursor" in query:
            query["cursor"] = hostile.tampered_cursor(chance, query["cursor"])
        case 3 if isinstance(body, dict) and isinstance(body.get("cursor"), str):
            body = {**body, "cursor": hostile.tampered_cursor(chance, body["cursor"])}
        case 4:
            name = chance.choice(
                ("cursor", "limit_bytes", "schema", "owner", "class", "rep", "limit", "expires")
            )
            query[name] = chance.choice(hostile.TEXTS)
        case 5:
            headers[chance.choice(STRANGE_HEADERS)] = chance.choice(hostile.TEXTS)
        case 6 if headers:
            name = chance.choice([*headers])
            headers[name] = hostile.damaged_text(chance, headers[name])
        case 7 if chance.random() < 0.3:
            path = "/" + hostile.damaged_text(chance, path[1:])
        case 7:
            headers["Content-Type"] = chance.choice(hostile.CONTENT_TYPES)
        case _ if body is not None:
            body = hostile.damaged_json(chance, body)
    return path, query, headers, body


def _token(chance: random.Random, target: Attacked, is_office: bool) -> str:
    token = OFFICE_TOKEN if is_office else target.phone.access_token
    if chance.random() < 0.9:
        return token
    claims = json.loads(json.dumps(jwt.decode(target.phone.access_token, options={"verify_signature": False})))
    match chance.randrange(3):
        case 0:
            return hostile.damaged_text(chance, token)
        case 1:
            return jwt.encode(
                claims, FORGER, algorithm="EdDSA", headers=jwt.get_unverified_header(target.phone.access_token)
            )
        case _:
            return jwt.encode(claims, None, algorithm="none")


def _header(value: Any) -> str:
    """Return *value* as a WSGI server passes headers on: one line of latin-1."""
    text = str(value).replace("\r", " ").replace("\n", " ")
    return text.encode("utf-8", "replace").decode("latin-1")
