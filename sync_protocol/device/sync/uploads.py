"""Upload receipts in pieces, so that an upload survives a broken connection.

Source: tus 1.0.0 (tus.io), creation, HEAD and PATCH.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sync_protocol.device.connection import Reply, Send
from sync_protocol.device.errors import ContractBroken, Problem
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.receipts import ReceiptFolder
from sync_protocol.limits import LIMITS

TUS = {"Tus-Resumable": "1.0.0"}
_UPLOAD = re.compile(r"/v1/receipts/([A-Za-z0-9._~-]{1,128})$")
MIN_CHUNK = 16 * 1024
MAX_CORRECTIONS = 8
"""How often in one sync the server may correct the offset of one receipt."""


@dataclass(frozen=True)
class PendingReceipt:
    """A receipt that the server does not have. *upload*: the path of an upload that has begun, or None."""

    sha256: str
    filename: str
    filetype: str
    bytes: int
    upload: str | None


def pending_receipts(db: Database, rep: str) -> list[PendingReceipt]:
    """Return the receipts of documents that the server has, not uploaded yet or reported as missing."""
    return [
        PendingReceipt(*row)
        for row in db.rows(
            "SELECT DISTINCT f.sha256, f.filename, f.filetype, f.bytes, f.upload"
            " FROM receipt f JOIN document_receipt n USING (sha256) JOIN document d ON d.id = n.document"
            " LEFT JOIN record r ON r.collection = 'submissions' AND r.key = d.id"
            " WHERE f.error IS NULL AND d.rep = ? AND NOT d.dismissed"
            " AND d.status IN ('received', 'duplicate', 'quarantined')"
            " AND (NOT f.uploaded OR EXISTS (SELECT 1 FROM json_each(r.body, '$.missing')"
            "      WHERE value = 'sha256:' || f.sha256))"
            " ORDER BY d.seq",
            rep,
        )
    ]


class Uploader:
    """Upload one receipt after another."""

    def __init__(self, db: Database, files: ReceiptFolder, send: Send) -> None:
        self._db = db
        self._files = files
        self._send = send

    def upload(self, receipt: PendingReceipt) -> str | None:
        """Upload the rest of *receipt*; return a sentence if it cannot be sent, or None when the server has it.

        Raises `Temporary` if the connection broke or the server is busy; the next call continues the upload.
        """
        try:
            data = self._files.path(receipt.sha256).read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).hexdigest() != receipt.sha256:
            return self._give_up(receipt, "the file is missing or damaged on this device")
        try:
            self._send_all(receipt, data)
        except Problem as problem:
            if problem.status in (413, 415):
                return self._give_up(receipt, str(problem))
            if problem.status == 460:
                self._store_upload(receipt, upload=None)
            raise
        self._store_upload(receipt, upload=None, uploaded=True)
        return None

    def _send_all(self, receipt: PendingReceipt, data: bytes) -> None:
        path, offset = self._resume(receipt)
        chunk, corrections = LIMITS.receipt_chunk_bytes, 0
        while offset < len(data):
            piece = data[offset : offset + chunk]
            headers = {**TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
            try:
                reply = self._send("PATCH", path, headers=headers, content=piece, bare=True)
            except Problem as problem:
                if problem.status == 413 and chunk > MIN_CHUNK:
                    chunk //= 2
                    continue
                if problem.status != 409 or corrections == MAX_CORRECTIONS:
                    raise
                corrections += 1
                offset = self._offset(self._send("HEAD", path, headers=TUS, bare=True), len(data))
                continue
            previous, offset = offset, self._offset(reply, len(data))
            if offset <= previous:
                raise ContractBroken(f"the upload does not advance from byte {previous}")
            failpoint("upload.after_piece")

    def _resume(self, receipt: PendingReceipt) -> tuple[str, int]:
        """Continue the upload or begin one; return (its path, offset in bytes)."""
        if receipt.upload:
            try:
                reply = self._send("HEAD", receipt.upload, headers=TUS, bare=True)
                return receipt.upload, self._offset(reply, receipt.bytes)
            except Problem as problem:
                if problem.status not in (404, 410):
                    raise
        metadata = {"sha256": receipt.sha256, "filetype": receipt.filetype, "filename": receipt.filename}
        headers = {
            **TUS,
            "Upload-Length": str(receipt.bytes),
            "Upload-Metadata": ",".join(f"{name} {_b64(text)}" for name, text in metadata.items()),
        }
        reply = self._send("POST", "/v1/receipts", headers=headers, content=b"", bare=True)
        offset = self._offset(reply, receipt.bytes, otherwise=0)
        if offset == receipt.bytes:
            return "", offset
        path = self._path(reply.headers)
        self._store_upload(receipt, upload=path)
        return path, offset

    def _path(self, headers: Mapping[str, str]) -> str:
        """Return the upload's path from Location.

        Only the id is used. The token must go to our server alone, also if a proxy has put another host name
        there.
        """
        match = _UPLOAD.search(headers.get("location", ""))
        if match is None:
            raise ContractBroken("the server accepted the upload but sent no Location")
        return f"/v1/receipts/{match[1]}"

    def _offset(self, reply: Reply, length: int, otherwise: int | None = None) -> int:
        text = reply.headers.get("upload-offset", "")
        if not text and otherwise is not None:
            return otherwise
        if not text.isascii() or not text.isdigit() or int(text) > length:
            raise ContractBroken(f"Upload-Offset {text!r} is not an offset within {length} bytes")
        return int(text)

    def _give_up(self, receipt: PendingReceipt, reason: str) -> str:
        with self._db.writing():
            self._db.run("UPDATE receipt SET error = ? WHERE sha256 = ?", reason, receipt.sha256)
        return f"{receipt.filename}: {reason}"

    def _store_upload(self, receipt: PendingReceipt, *, upload: str | None, uploaded: bool = False) -> None:
        with self._db.writing():
            self._db.run(
                "UPDATE receipt SET upload = ?, uploaded = ? WHERE sha256 = ?", upload, uploaded, receipt.sha256
            )


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
