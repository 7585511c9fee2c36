"""Originals of receipts: kept, or deleted some days after the check. The checked copy always stays."""

import datetime as dt
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.receipts import files
from backend.receipts.models import Receipt, ReceiptState

_BATCH = 1000
"""Originals that are deleted in one run; the next run continues."""


def purge(session: Session, days: int | None, now: dt.datetime) -> list[str]:
    """Mark the originals checked more than *days* ago as deleted, and return their sha256.

    Delete the files with `delete_files` after the commit. None keeps all of them. A receipt without a result
    keeps its original, and so does a refused one: there is no copy of it.
    """
    if days is None:
        return []
    old = session.scalars(
        select(Receipt)
        .where(
            Receipt.state == ReceiptState.CHECKED.value,
            Receipt.original_deleted_at.is_(None),
            Receipt.checked_at <= now - dt.timedelta(days=days),
        )
        .order_by(Receipt.checked_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for receipt in old:
        receipt.original_deleted_at = now
    session.flush()
    return [receipt.sha256 for receipt in old]


def delete_files(folder: Path, digests: list[str]) -> None:
    """Delete the originals that `purge` has marked."""
    for sha256 in digests:
        files.receipt_path(folder, sha256).unlink(missing_ok=True)
