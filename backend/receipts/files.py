"""Files of receipts: `<folder>/uploads/<id>` during the upload, then `<folder>/receipts/ab/<sha256>`."""

import hashlib
import os
from pathlib import Path

from backend.files import rename_synced, sync_folder


def upload_path(folder: Path, upload_id: str) -> Path:
    """Return the file of an unfinished upload. This server made the id, so it is safe in a path."""
    return folder / "uploads" / upload_id


def receipt_path(folder: Path, sha256: str) -> Path:
    """Return the file of the stored receipt with that content."""
    return folder / "receipts" / sha256[:2] / sha256


def size(path: Path) -> int:
    """Return the file's size in bytes; 0 if it does not exist."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def write_at(path: Path, offset: int, data: bytes) -> None:
    """Truncate the file at *offset*, append *data*, and flush it to disk (fsync)."""
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
    """Say whether *upload* is also the stored *receipt*, as a hard link. It must not be written to then."""
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
    """Store the file *upload* as *receipt*, by a hard link that is flushed to disk.

    It also keeps its old name until the rows are committed: if the server dies before that, the upload is
    unchanged. A receipt that exists with the same size is left as it is; a truncated one is replaced.
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
