"""Receipts and their uploads."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import KeyText, Model, UtcDateTime


class ReceiptState(StrEnum):
    """Whether a stored receipt may be forwarded."""

    UNCHECKED = "unchecked"
    CHECKED = "checked"
    REFUSED = "refused"


_UNCHECKED = "state = 'unchecked'"


class Receipt(Model):
    """A stored receipt, named by the sha256 of its bytes. The same photograph twice is one receipt.

    sha256, size and media type are those of the original, as the device sent it. Others see the copy.
    """

    __tablename__ = "receipt"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    media_type: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default="unchecked", server_default="unchecked")
    """A `ReceiptState`."""
    refusal: Mapped[str | None] = mapped_column(String(20))
    """Why it is refused: a `Refusal`."""
    check_due_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When a worker may check it; null: at once. A worker that checks it moves this into the future."""
    check_tries: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Checks that were begun."""
    checked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    copy_sha256: Mapped[str | None] = mapped_column(String(64))
    copy_size: Mapped[int | None] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    copy_media_type: Mapped[str | None] = mapped_column(Text)
    original_deleted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(
            "receipt_unchecked",
            "stored_at",
            postgresql_where=text(_UNCHECKED),
            sqlite_where=text(_UNCHECKED),
        ),
    )


class ReceiptHolder(Model):
    """Who uploaded a receipt; reps can use only receipts that they have uploaded themselves."""

    __tablename__ = "receipt_holder"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    rep: Mapped[str] = mapped_column(KeyText, primary_key=True)
    stored_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When the rep had uploaded it. None if an older version stored it."""

    # What a rep uploaded today.
    __table_args__ = (Index("receipt_holder_by_day", "rep", "stored_at"),)


class Upload(Model):
    """An unfinished upload, or a finished one until it expires (tus 1.0)."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(KeyText, primary_key=True)
    rep: Mapped[str] = mapped_column(KeyText)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer)
    offset: Mapped[int] = mapped_column(Integer, default=0)
    media_type: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    # What a rep uploads now, and which upload has stored a receipt.
    __table_args__ = (Index("upload_by_rep", "rep", "sha256"),)
