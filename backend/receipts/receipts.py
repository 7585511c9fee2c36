"""Receipts that are here: who holds which, and their bytes."""

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


class ReceiptMissing(LookupError):
    """No such receipt is here, or its file is not what its row says."""


@dataclass(frozen=True)
class ReceiptFile:
    """A stored receipt; *open* gives its bytes, and whoever calls it closes the file. Sizes in bytes."""

    sha256: str
    media_type: str
    name: str
    size: int
    open: Callable[[], BinaryIO]


def holds(session: Session, folder: Path, *, rep: str, sha256: str, size: int) -> bool:
    """Say whether *rep* has uploaded the receipt of that content and *size*, and its file is whole."""
    if session.get(ReceiptHolder, (sha256, rep)) is None:
        return False
    return files.size(files.receipt_path(folder, sha256)) == size


def missing(session: Session, rep: str, needs: Iterable[str]) -> list[str]:
    """Return which of *needs* (`sha256:…`) are not here from *rep*, in their order, each once."""
    wanted = list(dict.fromkeys(needs))
    held: set[str] = set()
    for start in range(0, len(wanted), _CHUNK):
        digests = [need.removeprefix(_PREFIX) for need in wanted[start : start + _CHUNK]]
        held.update(
            session.scalars(
                select(ReceiptHolder.sha256).where(ReceiptHolder.rep == rep, ReceiptHolder.sha256.in_(digests))
            )
        )
    return [need for need in wanted if need.removeprefix(_PREFIX) not in held]


def file(session: Session, folder: Path, sha256: str) -> ReceiptFile:
    """Return the receipt with that content (`sha256:…` or the bare digest); raises `ReceiptMissing`."""
    digest = sha256.removeprefix(_PREFIX)
    receipt = session.get(Receipt, digest)
    if receipt is None:
        raise ReceiptMissing(f"there is no receipt {digest}")
    path = files.receipt_path(folder, digest)
    found = files.size(path)
    if found != receipt.size:
        raise ReceiptMissing(f"{path} has {found} bytes instead of {receipt.size}; restore it from a backup")
    name = f"{digest[:12]}.{EXTENSIONS[receipt.media_type]}"
    return ReceiptFile(digest, receipt.media_type, name, receipt.size, lambda: path.open("rb"))


def record(session: Session, *, rep: str, sha256: str, size: int, media_type: str, now: dt.datetime) -> None:
    """Note that a receipt is on disk and that *rep* has shown to possess it."""
    receipt = {"sha256": sha256, "size": size, "media_type": media_type, "stored_at": now}
    insert_ignore(session, Receipt, receipt, ["sha256"])
    insert_ignore(session, ReceiptHolder, {"sha256": sha256, "rep": rep}, ["sha256", "rep"])
