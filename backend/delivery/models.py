"""Delivery's own table: the breaker of each connector. What is sent is the inbox's."""

import datetime as dt

from sqlalchemy import Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db import KeyText, Model, UtcDateTime


class Breaker(Model):
    """Whether a connector may be used; in the database, so that every worker obeys the same one."""

    __tablename__ = "breaker"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    opened_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """Since when nothing is sent; null while all is well."""
    reason: Mapped[str | None] = mapped_column(Text)
    """In words for the operator, with what to do."""
    raw: Mapped[str | None] = mapped_column(Text)
    probe_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When `check()` is asked next."""
    probes: Mapped[int] = mapped_column(Integer, default=0)
    incidents: Mapped[int] = mapped_column(Integer, default=0)
    """How often it has opened."""
    closed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
