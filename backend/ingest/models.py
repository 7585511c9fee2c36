"""Tables: how far each collection of the ERP has been read, and rows in quarantine."""

import datetime as dt

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import KeyText, Model, UtcDateTime

Serial = BigInteger().with_variant(Integer, "sqlite")


class Watermark(Model):
    """How far a connector has read one collection. `value` is opaque: only the connector understands it."""

    __tablename__ = "watermark"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    value: Mapped[str | None] = mapped_column(Text)
    read_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it was last read to its end."""
    swept_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    failing_since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(Text)
    """Why the last reading failed, as a sentence for the operator."""
    sweep_failure: Mapped[str | None] = mapped_column(Text)
    """Why the last listing of keys was refused or failed. Only a successful sweep clears it."""
    compared_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When everything was last compared with the feed; a reading from the start counts too."""
    compare_value: Mapped[str | None] = mapped_column(Text)
    """How far an unfinished comparison has come; opaque like `value`."""
    compare_missed: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Records that the newest comparison found to have been missed. They are published by now."""


class RejectedRow(Model):
    """The quarantine: a row of the ERP that gave no valid record. The rest of its page was published."""

    __tablename__ = "rejected_row"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    external_id: Mapped[str] = mapped_column(KeyText, primary_key=True)
    """The ERP's id of the row, or its file and line."""
    error: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text)
    first_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """How often it was read and was bad."""
    retry_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it is read again automatically; null: at once."""
