"""How far each entity of the ERP has been read, and the rows that could not be taken."""

import datetime as dt

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import KeyText, Model, UtcDateTime

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


class RejectedRow(Model):
    """A row of the ERP that could not be taken; its page went on without it."""

    __tablename__ = "rejected_row"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)
    external_id: Mapped[str] = mapped_column(KeyText, primary_key=True)
    """The ERP's id, or the file and line where it has none."""
    error: Mapped[str] = mapped_column(Text)
    raw: Mapped[str] = mapped_column(Text)
    first_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
