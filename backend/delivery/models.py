"""Delivery's own tables: breaker and hold of each connector, what reconciliations found, and alerts. What is
sent is the inbox's."""

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import JsonText, KeyText, Model, UtcDateTime

Serial = BigInteger().with_variant(Integer, "sqlite")


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
    """How often it has opened; names the present opening."""
    closed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class ErpDataLoss(Model):
    """Since when nothing is sent because the ERP has lost what it had: a backup of it was put back."""

    __tablename__ = "erp_data_loss"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    missing: Mapped[int] = mapped_column(Integer)
    """How many documents had been found missing by then."""
    sent_from: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When the first of them was sent."""


class Reconciliation(Model):
    """One reconciliation: which documents the ERP was asked about, and what it answered."""

    __tablename__ = "reconciliation"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    connector: Mapped[str] = mapped_column(KeyText)
    cause: Mapped[str] = mapped_column(String(20))
    """schedule or command."""
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """Documents settled since then are asked about."""
    before_seq: Mapped[int | None] = mapped_column(Serial)
    """While it is under way: documents from here on have been asked about; null: none yet."""
    counts: Mapped[dict[str, int]] = mapped_column(JsonText)
    lines: Mapped[list[str]] = mapped_column(JsonText)
    """What somebody must see, a sentence each; 200 at most."""
    missing_documents: Mapped[list[str]] = mapped_column(JsonText)
    """While it is under way: the ids of documents that were missing at a first look."""

    __table_args__ = (Index("reconciliation_by_end", "ended_at"),)


class Alert(Model):
    """Somebody is to be told, or was told, that a document has waited for so long: once by each channel."""

    __tablename__ = "alert"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"))
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When the wait began; another wait of the same document is told of anew."""
    after_seconds: Mapped[int] = mapped_column(Integer)
    notifier: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    """due, sending, sent, passed (it moved on before), failed or unclear (it may have been received)."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When it is sent next; while it is being sent, since when."""
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("submission_id", "since", "after_seconds", "notifier"),
        Index("alert_due", "notifier", "state", "due_at"),
    )
