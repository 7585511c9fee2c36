"""The uploads of the scripted server (tus 1.0.0)."""

import base64
import hashlib

from sync_protocol.conformance.http_server import Reply, Request, problem

PIECE_TYPE = "application/offset+octet-stream"


class ReceiptUploads:
    """Uploads by their path, and complete receipts by their sha256.

    An upload is (sha256, length, data so far). `pieces` holds the sizes of the pieces stored, in bytes.
    `origin` precedes the paths that it hands out: a server behind a proxy may know itself by another name.
    """

    def __init__(self) -> None:
        self.uploads: dict[str, tuple[str, int, bytearray]] = {}
        self.stored: dict[str, bytes] = {}
        self.pieces: list[int] = []
        self.max_piece_bytes = 1 << 30
        self.origin = ""

    def answer(self, request: Request) -> Reply:
        """Answer a request below /v1/receipts."""
        if not request.path.startswith("/v1/receipts"):
            return problem(404, "not_found")
        if request.headers.get("tus-resumable") != "1.0.0":
            return problem(412, "precondition")
        if request.method == "POST":
            return self._create(request)
        if request.path not in self.uploads:
            return problem(404, "not_found")
        sha256, size, data = self.uploads[request.path]
        if request.method == "HEAD":
            return _status(200, len(data), {"Upload-Length": str(size)})
        if request.headers.get("content-type") != PIECE_TYPE:
            return problem(415, "encoding_unsupported")
        if request.headers.get("upload-offset") != str(len(data)):
            return problem(409, "offset_mismatch", {"Upload-Offset": str(len(data))})
        if len(request.body) > self.max_piece_bytes:
            return problem(413, "body_too_large")
        data += request.body
        self.pieces.append(len(request.body))
        if len(data) == size:
            if hashlib.sha256(data).hexdigest() != sha256:
                del self.uploads[request.path]
                return problem(460, "digest_mismatch")
            self.stored[sha256] = bytes(data)
        return _status(204, len(data))

    def _create(self, request: Request) -> Reply:
        pairs = (pair.strip().partition(" ") for pair in request.headers.get("upload-metadata", "").split(","))
        metadata = {name: base64.b64decode(value).decode() for name, _, value in pairs}
        sha256 = metadata.get("sha256", "")
        have = self.stored.get(sha256, b"")
        path = f"/v1/receipts/01KBR9YJ3M00000000000R{len(self.uploads):04}"
        self.uploads[path] = (sha256, int(request.headers["upload-length"]), bytearray(have))
        return _status(201, len(have), {"Location": self.origin + path})


def _status(status: int, offset: int, more: dict[str, str] | None = None) -> Reply:
    return Reply(status, headers={"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), **(more or {})})
