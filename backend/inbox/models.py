"""The inbox's tables: submissions, attempts, bindings, and what is kept apart."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import JsonText, KeyText, Model, UtcDateTime

Serial = BigInteger().with_variant(Integer, "sqlite")

ACTIVE_STATES = "state IN ('queued','sending','unknown')"


class Submission(Model):
    """One captured document and where it stands. What the device sent is never changed."""

    __tablename__ = "submission"

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    """Order of arrival; within one order key it is the order of sending."""
    id: Mapped[str] = mapped_column(KeyText, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    rep: Mapped[str] = mapped_column(KeyText)
    device: Mapped[str] = mapped_column(KeyText)
    captured_at: Mapped[str] = mapped_column(Text)
    """The device's clock, kept as data and never compared."""
    zone: Mapped[str] = mapped_column(Text)
    schema: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    """The body as canonical JSON."""
    envelope: Mapped[dict[str, Any]] = mapped_column(JsonText)
    """What else stood beside the body, fields of a newer app included."""
    sha256: Mapped[str] = mapped_column(String(64))
    needs: Mapped[list[str]] = mapped_column(JsonText)
    depends_on: Mapped[list[str]] = mapped_column(JsonText)
    supersedes: Mapped[str | None] = mapped_column(KeyText)
    superseded_by: Mapped[str | None] = mapped_column(KeyText)
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    state: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    """The result of the push, repeated to whoever pushes it again: received, refused or quarantined."""
    errors: Mapped[list[dict[str, str]]] = mapped_column(JsonText)
    reason: Mapped[str | None] = mapped_column(Text)
    """Plain words for the rep."""
    raw_reason: Mapped[str | None] = mapped_column(Text)
    """The ERP's own words, for the office."""
    error_class: Mapped[str | None] = mapped_column(String(20))
    owner: Mapped[str | None] = mapped_column(String(10))
    """Who must act on it: rep, office, it or erp."""
    advice: Mapped[str | None] = mapped_column(Text)
    """What to do about it, where the connector knows better than the table of causes."""
    decision: Mapped[str | None] = mapped_column(String(20))
    """What the office has decided on a parked document, for its rep to see."""
    reserved_by: Mapped[str | None] = mapped_column(Text)
    """Who of the office is working on it, so that two do not; good until `reserved_until`."""
    reserved_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    order_key: Mapped[str] = mapped_column(KeyText)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    """Raised at each claim; a settle with an older one changes nothing."""
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    """Attempts in a row that the ERP could not take; sets the backoff."""
    unfinished_leases: Mapped[int] = mapped_column(Integer, default=0)
    """Claims that were broken off, and the one under way; a document that kills its workers is parked by it."""
    last_sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    first_failed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    erp_id: Mapped[str | None] = mapped_column(Text)
    erp_number: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        # The hot part of the table: what a worker may claim, and what stands before it.
        Index(
            "submission_due",
            "due_at",
            postgresql_where=text(ACTIVE_STATES),
            sqlite_where=text(ACTIVE_STATES),
        ),
        Index(
            "submission_queue",
            "order_key",
            "seq",
            postgresql_where=text(ACTIVE_STATES),
            sqlite_where=text(ACTIVE_STATES),
        ),
        Index("submission_by_rep", "rep", "seq"),
        # All statements for one line of the ERP's forecast, settled ones included.
        Index("submission_by_key", "kind", "order_key"),
        Index("submission_superseding", "supersedes"),
        Index("submission_by_state", "state"),
    )


class Attempt(Model):
    """One try at handing a submission to an ERP, on disk before the call is made."""

    __tablename__ = "attempt"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    fence: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str] = mapped_column(Text)
    connector: Mapped[str] = mapped_column(Text)
    step: Mapped[str] = mapped_column(String(20))
    """find, create, advance or upsert."""
    started_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(Text)
    """Null while it runs, and for ever if its worker died."""
    detail: Mapped[str | None] = mapped_column(Text)


class Binding(Model):
    """Our id and the ERP's id. Unique in both directions, aggregated lines apart."""

    __tablename__ = "binding"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    connector: Mapped[str] = mapped_column(KeyText)
    entity: Mapped[str] = mapped_column(KeyText)
    """The kind of submission; for a forecast, its line."""
    local_id: Mapped[str] = mapped_column(KeyText)
    external_id: Mapped[str] = mapped_column(KeyText)
    number: Mapped[str | None] = mapped_column(Text)
    aggregated: Mapped[bool] = mapped_column(Boolean, default=False)
    bound_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("connector", "entity", "local_id", "external_id"),
        Index(
            "binding_local",
            "connector",
            "entity",
            "local_id",
            unique=True,
            postgresql_where=text("NOT aggregated"),
            sqlite_where=text("NOT aggregated"),
        ),
        Index(
            "binding_external",
            "connector",
            "entity",
            "external_id",
            unique=True,
            postgresql_where=text("NOT aggregated"),
            sqlite_where=text("NOT aggregated"),
        ),
    )


class Quarantined(Model):
    """A document that came under an id that already names another one. Both are kept."""

    __tablename__ = "quarantined"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(KeyText)
    sha256: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JsonText)
    rep: Mapped[str] = mapped_column(KeyText)
    device: Mapped[str] = mapped_column(KeyText)
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("submission_id", "sha256", "rep"),)


class HistoryEntry(Model):
    """One step of a submission's life, for its timeline."""

    __tablename__ = "submission_history"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(Text)
    """device:<id>, worker:<name>, erp, or user:<name>."""
    note: Mapped[str | None] = mapped_column(Text)
