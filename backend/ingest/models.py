"""How far each entity of the ERP has been read, and the rows that could not be taken."""

import datetime as dt

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import KeyText, Model, UtcDateTime

Serial = BigInteger().with_variant(Integer, "sqlite")


class Watermark(Model):
    """How far a connector has read one collection; `value` is the connector's own, opaque here."""

    __tablename__ = "watermark"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    value: Mapped[str | None] = mapped_column(Text)
    read_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it was last read to the end."""
    swept_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    failing_since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(Text)
    """Why the last reading failed, in words for the operator."""
    sweep_failure: Mapped[str | None] = mapped_column(Text)
    """Why the last listing of keys was refused or failed; only a sweep that goes well clears it."""
    compared_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When everything was last read and compared with the feed, be it by reading from the start."""
    compare_value: Mapped[str | None] = mapped_column(Text)
    """How far a comparison under way has come; the connector's own, as `value`."""
    compare_missed: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Records that the newest comparison, under way or ended, found to have been missed. They were mended."""


class RejectedRow(Model):
    """The quarantine: a row of the ERP that could not be taken; its page went on without it."""

    __tablename__ = "rejected_row"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    external_id: Mapped[str] = mapped_column(KeyText, primary_key=True)
    """The ERP's id, or the file and line where it has none."""
    error: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text)
    first_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """How often it was read and could not be taken."""
    retry_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it is read again by itself; null: at once."""
