"""Where receipts lie: `<folder>/uploads/<id>` while they arrive, `<folder>/receipts/ab/<sha256>` after."""

import hashlib
import os
from pathlib import Path

from backend.files import rename_synced, sync_folder


def upload_path(folder: Path, upload_id: str) -> Path:
    """Return where the bytes of an upload gather. The id is one that this server made."""
    return folder / "uploads" / upload_id


def receipt_path(folder: Path, sha256: str) -> Path:
    """Return where the receipt with that content lies."""
    return folder / "receipts" / sha256[:2] / sha256


def size(path: Path) -> int:
    """Return the file's size in bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def write_at(path: Path, offset: int, data: bytes) -> None:
    """Make *data* the file's content from *offset* on, with nothing behind it, safely on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.truncate(offset)
        file.seek(offset)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def is_stored(upload: Path, receipt: Path) -> bool:
    """Say whether *upload* is a kept receipt already, under its second name; it must not be written to then."""
    try:
        return upload.samefile(receipt)
    except FileNotFoundError:
        return False


def digest(path: Path) -> str:
    """Return the sha256 of the file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def start_of(path: Path, count: int) -> bytes:
    """Return the file's first *count* bytes."""
    with path.open("rb") as file:
        return file.read(count)


def store(upload: Path, receipt: Path) -> None:
    """Give the file *upload* its name among the receipts, safely on disk.

    It keeps its old name too, until the rows are committed: should the server die in between, the upload
    is where it was. The same content, kept before, is left as it is, unless its file was cut short.
    """
    is_new = not receipt.parent.exists()
    receipt.parent.mkdir(parents=True, exist_ok=True)
    if is_stored(upload, receipt) or size(receipt) == size(upload):
        return
    draft = receipt.with_name(f".{upload.name}")
    draft.unlink(missing_ok=True)
    os.link(upload, draft)
    rename_synced(draft, receipt)
    if is_new:
        sync_folder(receipt.parent.parent)
