"""Receipts and their uploads."""

import datetime as dt

from sqlalchemy import BigInteger, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import KeyText, Model, UtcDateTime


class Receipt(Model):
    """A stored receipt, named by the sha256 of its bytes. The same photograph twice is one receipt."""

    __tablename__ = "receipt"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
    media_type: Mapped[str] = mapped_column(Text)
    stored_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)


class ReceiptHolder(Model):
    """Who uploaded a receipt; reps can use only receipts that they have uploaded themselves."""

    __tablename__ = "receipt_holder"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    rep: Mapped[str] = mapped_column(KeyText, primary_key=True)


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
