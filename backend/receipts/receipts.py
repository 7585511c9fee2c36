"""Stored receipts: which rep has uploaded which, whether they may be used, and the bytes that others see."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.database.bulk import insert_ignore
from backend.files import open_file
from backend.receipts import files
from backend.receipts.checking.refusals import Refusal
from backend.receipts.models import Receipt, ReceiptHolder, ReceiptState
from sync_protocol.receipt_types import EXTENSIONS
from sync_protocol.sentence import sentence

_PREFIX = "sha256:"
_CHUNK = 500
"""Digests in one SQL statement; databases limit the number of parameters."""


class ReceiptMissing(LookupError):
    """There is no such receipt, or its file has another size than its row says."""


class ReceiptUnchecked(LookupError):
    """The receipt is stored and not checked yet."""


class ReceiptRefused(ValueError):
    """The receipt was checked and cannot be used; the message says why, for the rep."""


@dataclass(frozen=True)
class ReceiptFile:
    """The bytes of a receipt. *open* returns its file of *size* bytes; the caller must close it.

    *sha256* is that of the original and names the receipt; *content_sha256* is that of the bytes.
    """

    sha256: str
    content_sha256: str
    media_type: str
    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Needs:
    """The receipts that documents need and that cannot be forwarded, as `sha256:…`, each once."""

    missing: list[str] = field(default_factory=list)
    """The rep has not uploaded them."""
    unchecked: list[str] = field(default_factory=list)
    """The server has them and has not checked them."""
    refused: dict[str, str] = field(default_factory=dict)
    """Why each of these cannot be used, for the rep."""

    def of(self, needs: Iterable[str]) -> "Needs":
        """Return those that are among *needs*, the needs of one document."""
        own_needs = set(needs)
        if not own_needs:
            return NOTHING_NEEDED
        return Needs(
            [need for need in self.missing if need in own_needs],
            [need for need in self.unchecked if need in own_needs],
            {need: why for need, why in self.refused.items() if need in own_needs},
        )

    @property
    def waiting(self) -> str | None:
        """For what a document waits, as its reason; None if for nothing."""
        if len(self.missing) == 1:
            return sentence("waiting_for_receipt")
        if self.missing:
            return sentence("waiting_for_receipts", count=len(self.missing))
        return sentence("receipts_unchecked") if self.unchecked else None


NOTHING_NEEDED = Needs()


def holds(session: Session, folder: Path, *, rep: str, sha256: str, size: int) -> bool:
    """Say whether *rep* has uploaded the receipt with that content and *size*, and its file is complete.

    Raises `ReceiptRefused` if it was checked since and cannot be used.
    """
    receipt = session.scalars(
        select(Receipt)
        .join(ReceiptHolder, ReceiptHolder.sha256 == Receipt.sha256)
        .where(Receipt.sha256 == sha256, ReceiptHolder.rep == rep)
    ).one_or_none()
    if receipt is None or receipt.size != size:
        return False
    if receipt.state == ReceiptState.REFUSED:
        raise ReceiptRefused(_sentence(receipt.refusal))
    if receipt.original_deleted_at is not None:
        return True
    return files.size(files.receipt_path(folder, sha256)) == size


def unusable(session: Session, rep: str, needs: Iterable[str]) -> Needs:
    """Return those of *needs* (`sha256:…`) that *rep* has not uploaded, or that are not checked, or refused."""
    unique = list(dict.fromkeys(needs))
    states: dict[str, tuple[str, str | None]] = {}
    for start in range(0, len(unique), _CHUNK):
        digests = [need.removeprefix(_PREFIX) for need in unique[start : start + _CHUNK]]
        statement = (
            select(ReceiptHolder.sha256, Receipt.state, Receipt.refusal)
            .join(Receipt, Receipt.sha256 == ReceiptHolder.sha256)
            .where(ReceiptHolder.rep == rep, ReceiptHolder.sha256.in_(digests))
        )
        states.update((sha256, (state, refusal)) for sha256, state, refusal in session.execute(statement))
    unmet = Needs()
    for need in unique:
        state, refusal = states.get(need.removeprefix(_PREFIX), (None, None))
        if state is None:
            unmet.missing.append(need)
        elif state == ReceiptState.UNCHECKED:
            unmet.unchecked.append(need)
        elif state == ReceiptState.REFUSED:
            unmet.refused[need] = _sentence(refusal)
    return unmet


def missing(session: Session, rep: str, needs: Iterable[str]) -> list[str]:
    """Return those of *needs* (`sha256:…`) that *rep* has not uploaded, in their order, each once."""
    return unusable(session, rep, needs).missing


def file(session: Session, folder: Path, sha256: str) -> ReceiptFile:
    """Return the checked copy of the receipt with that content (`sha256:…` or the bare digest).

    Raises `ReceiptMissing`, `ReceiptUnchecked` and `ReceiptRefused`.
    """
    receipt = _find(session, sha256)
    if receipt.state == ReceiptState.REFUSED:
        raise ReceiptRefused(_sentence(receipt.refusal))
    # A copy that is made again may show what a newer version removes.
    unchecked = receipt.state == ReceiptState.UNCHECKED
    if unchecked or receipt.copy_sha256 is None or receipt.copy_size is None or receipt.copy_media_type is None:
        raise ReceiptUnchecked(f"the receipt {receipt.sha256} is not checked yet")
    path = files.copy_path(folder, receipt.sha256)
    return _file(receipt, path, receipt.copy_sha256, receipt.copy_media_type, receipt.copy_size)


def original(session: Session, folder: Path, sha256: str) -> ReceiptFile:
    """Return the receipt as the device sent it. Its bytes may be hostile. Raises `ReceiptMissing`."""
    receipt = _find(session, sha256)
    if receipt.original_deleted_at is not None:
        raise ReceiptMissing(f"the original was deleted on {receipt.original_deleted_at:%Y-%m-%d}")
    path = files.receipt_path(folder, receipt.sha256)
    return _file(receipt, path, receipt.sha256, receipt.media_type, receipt.size)


def _find(session: Session, sha256: str) -> Receipt:
    digest = sha256.removeprefix(_PREFIX)
    receipt = session.get(Receipt, digest)
    if receipt is None:
        raise ReceiptMissing(f"there is no receipt {digest}")
    return receipt


def _file(receipt: Receipt, path: Path, content_sha256: str, media_type: str, size: int) -> ReceiptFile:
    actual_size = files.size(path)
    if actual_size != size:
        raise ReceiptMissing(f"{path} has {actual_size} bytes instead of {size}; restore it from a backup")
    name = f"{receipt.sha256[:12]}.{EXTENSIONS[media_type]}"
    return ReceiptFile(receipt.sha256, content_sha256, media_type, name, size, lambda: open_file(path))


def record(session: Session, *, rep: str, sha256: str, size: int, media_type: str, now: dt.datetime) -> None:
    """Record that a receipt is on disk, not checked yet, and that *rep* has uploaded it."""
    receipt = {"sha256": sha256, "size": size, "media_type": media_type, "stored_at": now}
    insert_ignore(session, Receipt, receipt, ["sha256"])
    insert_ignore(session, ReceiptHolder, {"sha256": sha256, "rep": rep, "stored_at": now}, ["sha256", "rep"])


def _sentence(refusal: str | None) -> str:
    return Refusal(refusal or Refusal.DAMAGED).sentence
