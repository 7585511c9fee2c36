"""Delivery's tables: breaker and data loss of each connector, reconciliations, and alerts.

The documents themselves are in the inbox's tables.
"""

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import JsonText, KeyText, Model, UtcDateTime

Serial = BigInteger().with_variant(Integer, "sqlite")


class Breaker(Model):
    """Whether a connector may be used. In the database, because all workers must agree."""

    __tablename__ = "breaker"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    opened_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """Since when nothing is sent; null while it is closed."""
    reason: Mapped[str | None] = mapped_column(Text)
    """For the operator, with what to do."""
    raw: Mapped[str | None] = mapped_column(Text)
    probe_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When `check()` is called next."""
    probes: Mapped[int] = mapped_column(Integer, default=0)
    incidents: Mapped[int] = mapped_column(Integer, default=0)
    """How often it has opened; the number of the current incident."""
    closed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class ErpDataLoss(Model):
    """Since when nothing is sent because the ERP has lost documents: a backup of it was restored."""

    __tablename__ = "erp_data_loss"

    connector: Mapped[str] = mapped_column(KeyText, primary_key=True)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    missing: Mapped[int] = mapped_column(Integer)
    """How many documents were found missing."""
    sent_from: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When the first of them was sent."""


class Reconciliation(Model):
    """One reconciliation: which documents were looked up in the ERP, and the results."""

    __tablename__ = "reconciliation"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    connector: Mapped[str] = mapped_column(KeyText)
    cause: Mapped[str] = mapped_column(String(20))
    """schedule or command."""
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """Documents settled since then are looked up."""
    before_seq: Mapped[int | None] = mapped_column(Serial)
    """While it runs: documents from this `seq` on have been looked up; null: none yet."""
    counts: Mapped[dict[str, int]] = mapped_column(JsonText)
    lines: Mapped[list[str]] = mapped_column(JsonText)
    """Findings for a person, one sentence each; at most 200."""
    missing_documents: Mapped[list[str]] = mapped_column(JsonText)
    """While it runs: the ids of documents that were missing when first looked up."""

    __table_args__ = (Index("reconciliation_by_end", "ended_at"),)


class AlertDelivery:
    """The columns of a table of alerts that say whether an alert was sent; see `alerts/attempt.py`."""

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    notifier: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    """due, sending, sent, passed (the document moved before it was sent), failed, or unknown (it may have been
    received)."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When it is sent next; in state `sending`, when sending began."""
    error: Mapped[str | None] = mapped_column(Text)


class Alert(AlertDelivery, Model):
    """One alert: a document has waited for so long. Once for each wait and notifier."""

    __tablename__ = "alert"

    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"))
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When the wait began. A later wait of the same document gets alerts of its own."""
    after_seconds: Mapped[int] = mapped_column(Integer)

    __table_args__ = (
        UniqueConstraint("submission_id", "since", "after_seconds", "notifier"),
        Index("alert_due", "notifier", "state", "due_at"),
    )


class ReuseAlert(AlertDelivery, Model):
    """One alert about a device whose replaced refresh token was used again. Once for each reuse and
    notifier."""

    __tablename__ = "reuse_alert"

    device: Mapped[str] = mapped_column(KeyText)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When the reuse was noticed."""

    __table_args__ = (UniqueConstraint("device", "since", "notifier"),)
