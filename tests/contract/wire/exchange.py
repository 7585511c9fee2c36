"""Golden exchanges: a request and its reply, one per file, read by the tests of both sides.

A file is `{"about", "request": {"method", "path", "query"?, "headers"?, "body" | "text" | "base64"?},
"reply": {"status", "headers"?, "body" | "base64"?}}`. Of the reply's headers it has those of `REPLY_HEADERS`.
"""

import base64
import json
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync_protocol.cursor import CursorInvalid, decode_cursor

FOLDER = Path(__file__).parent
Golden = dict[str, Any]

OWN_TOKEN = "Bearer <access token>"
"""Stands in a golden request for the token of the last enrol or token reply."""

REPLY_HEADERS = (
    "Accept-Ranges",
    "Allow",
    "Content-Range",
    "Content-Type",
    "DPoP-Nonce",
    "ETag",
    "Location",
    "Retry-After",
    "Satchel-Error",
    "Satchel-Poll-After",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Offset",
    "WWW-Authenticate",
)


def names(folder: Path = FOLDER) -> list[str]:
    """Return the names of all golden exchanges in *folder*."""
    return sorted(path.stem for path in folder.glob("*.json"))


def read(name: str, folder: Path = FOLDER) -> Golden:
    """Return a golden exchange."""
    golden: Golden = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return golden


def write(name: str, golden: Golden, folder: Path = FOLDER) -> None:
    """Write a golden exchange as people read it."""
    text = json.dumps(golden, ensure_ascii=False, indent=2)
    (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def body_of(request: Golden) -> bytes:
    """Return the bytes of a golden request's body."""
    if "body" in request:
        return json.dumps(request["body"]).encode()
    if "base64" in request:
        return base64.b64decode(request["base64"])
    return str(request.get("text", "")).encode()


def send(client: FlaskClient, name: str, request: Golden, token: str) -> TestResponse:
    """Send a golden request; *token* stands in for the placeholder."""
    headers = {**request.get("headers", {}), "X-Request-Id": f"golden-{name}"}
    if headers.get("Authorization") == OWN_TOKEN:
        headers["Authorization"] = f"Bearer {token}"
    # Lets a request announce more than it sends; the test client would set the real length.
    length = headers.pop("Content-Length", None)
    return client.open(
        request["path"],
        method=request["method"],
        query_string=request.get("query"),
        data=body_of(request),
        headers=headers,
        environ_overrides={"CONTENT_LENGTH": length} if length else {},
    )


def reply_of(response: TestResponse) -> Golden:
    """Return what a golden exchange keeps of *response*."""
    headers = {name: response.headers[name] for name in REPLY_HEADERS if name in response.headers}
    reply: Golden = {"status": response.status_code}
    if not response.data:
        headers.pop("Content-Type", None)
    if headers:
        reply["headers"] = headers
    if response.data and not response.is_json:
        reply["base64"] = base64.b64encode(response.data).decode()
    elif response.data:
        reply["body"] = response.json
    return reply


def comparable(value: Any) -> Any:
    """Return *value* with every cursor decoded: the bytes of a cursor depend on the version of zlib."""
    if isinstance(value, dict):
        return {
            name: comparable(inner) for name, inner in value.items() if name not in ("ETag", "If-None-Match")
        }
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, str) and value.startswith("eN"):
        try:
            return repr(decode_cursor(value))
        except CursorInvalid:
            return value
    return value
