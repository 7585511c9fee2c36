"""The tus end of the fake server."""

import base64
import hashlib
import json
from collections.abc import Callable

import httpx


class FakeReceipts:
    """Uploads under way and receipts stored; `piece_limit` refuses larger pieces with 413."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.under_way: dict[str, tuple[str, int, bytearray]] = {}
        self.piece_limit = 1 << 30
        self.pieces: list[int] = []

    def answer(self, request: httpx.Request, body: bytes, arrived: Callable[[str], None]) -> httpx.Response:
        assert request.headers["tus-resumable"] == "1.0.0"
        if request.method == "POST":
            return self._create(request)
        id = request.url.path.rpartition("/")[2]
        if id not in self.under_way:
            return _problem(404, "not_found", request.method)
        sha256, length, data = self.under_way[id]
        if request.method == "HEAD":
            return httpx.Response(200, headers={"Upload-Offset": str(len(data))})
        assert request.headers["content-type"] == "application/offset+octet-stream"
        if int(request.headers["upload-offset"]) != len(data):
            return _problem(409, "offset_mismatch", request.method)
        if len(body) > self.piece_limit:
            return _problem(413, "body_too_large", request.method)
        data += body
        self.pieces.append(len(body))
        if len(data) == length:
            if hashlib.sha256(data).hexdigest() != sha256:
                del self.under_way[id]
                return _problem(460, "digest_mismatch", request.method)
            self.stored[sha256] = bytes(data)
            arrived(sha256)
        return httpx.Response(204, headers={"Upload-Offset": str(len(data))})

    def _create(self, request: httpx.Request) -> httpx.Response:
        pairs = (pair.split(" ") for pair in request.headers["upload-metadata"].split(","))
        metadata = {name: base64.b64decode(value).decode() for name, value in pairs}
        sha256, length = metadata["sha256"], int(request.headers["upload-length"])
        id = f"u{len(self.under_way) + 1}"
        done = len(self.stored.get(sha256, b""))
        self.under_way[id] = (sha256, length, bytearray(self.stored.get(sha256, b"")))
        # As a proxy would write it, with a name of its own.
        headers = {"Location": f"http://inside:8000/v1/receipts/{id}", "Upload-Offset": str(done)}
        return httpx.Response(201, headers=headers)


def _problem(status: int, code: str, method: str) -> httpx.Response:
    headers = {"Content-Type": "application/problem+json", "Satchel-Error": code}
    body = b"" if method == "HEAD" else json.dumps({"code": code, "detail": code}).encode()
    return httpx.Response(status, headers=headers, content=body)
