"""Files of receipts: `<folder>/uploads/<id>` during the upload, then `<folder>/receipts/ab/<sha256>`.

`<folder>/copies/ab/<sha256>` is the checked copy of the receipt with that sha256.
"""

import hashlib
import os
from pathlib import Path

from backend.files import make_private_folder, open_file, rename_synced, sync_folder
from sync_protocol.external_name import file_in


def upload_path(folder: Path, upload_id: str) -> Path:
    """Return the file of an unfinished upload."""
    return file_in(folder / "uploads", upload_id)


def receipt_path(folder: Path, sha256: str) -> Path:
    """Return the file of the stored receipt with that content."""
    return file_in(folder / "receipts" / sha256[:2], sha256)


def copy_path(folder: Path, sha256: str) -> Path:
    """Return the file of the checked copy of the receipt with that content."""
    return file_in(folder / "copies" / sha256[:2], sha256)


def size(path: Path) -> int:
    """Return the file's size in bytes; 0 if it does not exist."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def write_at(path: Path, offset: int, data: bytes) -> None:
    """Truncate the file at *offset*, append *data*, and flush it to disk (fsync)."""
    make_private_folder(path.parent)
    is_new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
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
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def start_of(path: Path, count: int) -> bytes:
    """Return the file's first *count* bytes."""
    with open_file(path) as file:
        return file.read(count)


def store(upload: Path, receipt: Path) -> None:
    """Store the file *upload* as *receipt*, by a hard link that is flushed to disk.

    It also keeps its old name until the rows are committed: if the server dies before that, the upload is
    unchanged. A receipt that exists with the same size is left as it is; a truncated one is replaced.
    """
    is_new = not receipt.parent.exists()
    make_private_folder(receipt.parent)
    if is_stored(upload, receipt) or size(receipt) == size(upload):
        return
    draft = receipt.with_name(f".{upload.name}")
    draft.unlink(missing_ok=True)
    os.link(upload, draft)
    rename_synced(draft, receipt)
    if is_new:
        sync_folder(receipt.parent.parent)
