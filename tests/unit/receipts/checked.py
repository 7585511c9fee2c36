"""Marks receipts as checked without a decoder, so that tests of what follows may use any bytes as a receipt."""

from pathlib import Path

from sqlalchemy import select

from backend.database.core import Sessions
from backend.files import write_synced
from backend.receipts import files
from backend.receipts.models import Receipt, ReceiptState


def mark_checked(sessions: Sessions, folder: Path) -> None:
    """Mark every unchecked receipt as checked; the copy has the bytes of the original."""
    with sessions() as session, session.begin():
        for receipt in session.scalars(select(Receipt).where(Receipt.state == ReceiptState.UNCHECKED.value)):
            path = files.copy_path(folder, receipt.sha256)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_synced(path, [files.receipt_path(folder, receipt.sha256).read_bytes()])
            receipt.state, receipt.copy_media_type = ReceiptState.CHECKED.value, receipt.media_type
            receipt.copy_sha256, receipt.copy_size = receipt.sha256, receipt.size
            receipt.checked_at = receipt.stored_at
