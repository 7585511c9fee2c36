"""Receipts on the device: photographs and PDFs, in files named by their sha256.

The file is on disk before its row, and the row is stored in the transaction of the document that cites it.
After a power cut a document is there with all its receipts, or not at all. At worst a file without a row
remains, which `sweep` deletes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sync_protocol.device.errors import ReceiptRefused
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.durable_file import durable_file, sync_folder
from sync_protocol.external_name import file_in
from sync_protocol.limits import LIMITS
from sync_protocol.receipt_types import media_type


@dataclass(frozen=True)
class ReceiptFile:
    """A receipt that the rep chose, not stored yet."""

    data: bytes
    filename: str
    filetype: str
    sha256: str

    @property
    def ref(self) -> str:
        """How a document cites it: `sha256:…`."""
        return f"sha256:{self.sha256}"


def receipt_from_bytes(data: bytes, filename: str) -> ReceiptFile:
    """Return *data* as a receipt; raises `ReceiptRefused` if its type or size is not allowed."""
    filetype = media_type(data)
    if filetype is None:
        raise ReceiptRefused(f"{filename} is not a JPEG, PNG, HEIC, WebP or PDF; choose another file")
    if len(data) > LIMITS.receipt_bytes:
        raise ReceiptRefused(
            f"{filename} has {len(data):,} bytes; a receipt may have at most {LIMITS.receipt_bytes:,}"
        )
    return ReceiptFile(data, filename, filetype, hashlib.sha256(data).hexdigest())


def read_receipt(path: Path) -> ReceiptFile:
    """Return the file at *path* as a receipt; raises `ReceiptRefused`."""
    try:
        if path.stat().st_size > LIMITS.receipt_bytes:
            raise ReceiptRefused(
                f"{path.name} is too large; a receipt may have at most {LIMITS.receipt_bytes:,} bytes"
            )
        return receipt_from_bytes(path.read_bytes(), path.name)
    except OSError as error:
        raise ReceiptRefused(f"{path} cannot be read: {error.strerror}") from None


class ReceiptFolder:
    """The folder with the receipts' files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return the path of the receipt's file."""
        return file_in(self.folder, sha256)

    def write(self, files: Sequence[ReceiptFile]) -> None:
        """Write *files* to disk, complete and synced; call it before `insert_rows`."""
        if not files:
            return
        self.folder.mkdir(exist_ok=True, mode=0o700)
        for file in files:
            with durable_file(self.path(file.sha256)) as stream:
                stream.write(file.data)
        sync_folder(self.folder)
        failpoint("capture.files_written")

    def insert_rows(self, db: Database, files: Sequence[ReceiptFile]) -> None:
        """Store the rows of *files*; call it inside the transaction of the document that cites them."""
        for file in files:
            db.run(
                "INSERT INTO receipt (sha256, filename, filetype, bytes) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (sha256) DO NOTHING",
                file.sha256, file.filename, file.filetype, len(file.data),
            )  # fmt: skip

    def references(self, db: Database) -> set[str]:
        """Return the receipts that are stored, as `sha256:…`."""
        return {f"sha256:{row['sha256']}" for row in db.rows("SELECT sha256 FROM receipt")}

    def sweep(self, db: Database) -> None:
        """Delete files without a row.

        Runs under the write lock: a capture that has written its file and not yet its row must not lose the
        file.
        """
        if not self.folder.is_dir():
            return
        with db.writing():
            stored = {row["sha256"] for row in db.rows("SELECT sha256 FROM receipt")}
            for path in self.folder.iterdir():
                if path.name not in stored:
                    path.unlink(missing_ok=True)

    def integrity_errors(self, db: Database) -> list[str]:
        """Return a sentence for each receipt, not uploaded yet, whose file is missing or altered."""
        errors: list[str] = []
        for row in db.rows("SELECT sha256, filename FROM receipt WHERE NOT uploaded"):
            try:
                intact = hashlib.sha256(self.path(row["sha256"]).read_bytes()).hexdigest() == row["sha256"]
            except OSError:
                errors.append(f"receipt {row['filename']} is missing")
                continue
            if not intact:
                errors.append(f"receipt {row['filename']} differs from the captured file")
        return errors
