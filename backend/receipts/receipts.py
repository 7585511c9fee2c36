"""Stored receipts: which rep has uploaded which, and their bytes."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database.bulk import insert_ignore
from backend.receipts import files
from backend.receipts.models import Receipt, ReceiptHolder

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
    "application/pdf": "pdf",
}
_PREFIX = "sha256:"
_CHUNK = 500
"""Digests in one SQL statement; databases limit the number of parameters."""


class ReceiptMissing(LookupError):
    """There is no such receipt, or its file has another size than its row says."""


@dataclass(frozen=True)
class ReceiptFile:
    """A stored receipt of *size* bytes. *open* returns its file; the caller must close it."""

    sha256: str
    media_type: str
    name: str
    size: int
    open: Callable[[], BinaryIO]


def holds(session: Session, folder: Path, *, rep: str, sha256: str, size: int) -> bool:
    """Say whether *rep* has uploaded the receipt with that content and *size*, and its file is complete."""
    if session.get(ReceiptHolder, (sha256, rep)) is None:
        return False
    return files.size(files.receipt_path(folder, sha256)) == size


def missing(session: Session, rep: str, needs: Iterable[str]) -> list[str]:
    """Return those of *needs* (`sha256:…`) that *rep* has not uploaded, in their order, each once."""
    unique = list(dict.fromkeys(needs))
    uploaded: set[str] = set()
    for start in range(0, len(unique), _CHUNK):
        digests = [need.removeprefix(_PREFIX) for need in unique[start : start + _CHUNK]]
        uploaded.update(
            session.scalars(
                select(ReceiptHolder.sha256).where(ReceiptHolder.rep == rep, ReceiptHolder.sha256.in_(digests))
            )
        )
    return [need for need in unique if need.removeprefix(_PREFIX) not in uploaded]


def file(session: Session, folder: Path, sha256: str) -> ReceiptFile:
    """Return the receipt with that content (`sha256:…` or the bare digest); raises `ReceiptMissing`."""
    digest = sha256.removeprefix(_PREFIX)
    receipt = session.get(Receipt, digest)
    if receipt is None:
        raise ReceiptMissing(f"there is no receipt {digest}")
    path = files.receipt_path(folder, digest)
    size = files.size(path)
    if size != receipt.size:
        raise ReceiptMissing(f"{path} has {size} bytes instead of {receipt.size}; restore it from a backup")
    name = f"{digest[:12]}.{EXTENSIONS[receipt.media_type]}"
    return ReceiptFile(digest, receipt.media_type, name, receipt.size, lambda: path.open("rb"))


def record(session: Session, *, rep: str, sha256: str, size: int, media_type: str, now: dt.datetime) -> None:
    """Record that a receipt is on disk and that *rep* has uploaded it."""
    receipt = {"sha256": sha256, "size": size, "media_type": media_type, "stored_at": now}
    insert_ignore(session, Receipt, receipt, ["sha256"])
    insert_ignore(session, ReceiptHolder, {"sha256": sha256, "rep": rep}, ["sha256", "rep"])
