"""The inbox's tables: submissions and their history, attempts, bindings, and quarantined documents."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import JsonText, KeyText, Model, UtcDateTime
from sync_protocol.errors import FaultJson

Serial = BigInteger().with_variant(Integer, "sqlite")

ACTIVE_STATES = "state IN ('queued','sending','unknown')"
_OPEN_STATES = (
    "state IN ('received','awaiting_approval','queued','sending','unknown','handed_over','on_hold','parked',"
    "'rejected')"
)
"""The states for which statements look; a settled order is in none of them."""
PARKED = "state = 'parked'"
KEPT_STATES = "state IN ('parked','rejected')"
"""The states of documents that stay until a person does something."""
_FORECASTS = "kind = 'forecast'"
_RARE_KINDS = "kind <> 'order'"
_ENDED = "state IN ('withdrawn','superseded','cancelled')"
_COPIES = "supersedes IS NOT NULL"


class Submission(Model):
    """One captured document and its state. What the device sent is never changed."""

    __tablename__ = "submission"

    seq: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    """Order of arrival; within one order key it is the order of sending."""
    id: Mapped[str] = mapped_column(KeyText, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    rep: Mapped[str] = mapped_column(KeyText)
    device: Mapped[str] = mapped_column(KeyText)
    title: Mapped[str | None] = mapped_column(Text)
    """One line by which a person recognises it, with the names of its arrival. None if an older version stored
    it."""
    captured_at: Mapped[str] = mapped_column(Text)
    """The device's clock, kept as data and never compared."""
    zone: Mapped[str] = mapped_column(Text)
    schema: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    """The body as canonical JSON."""
    envelope: Mapped[dict[str, Any]] = mapped_column(JsonText)
    """The other fields that the device sent, including those of a newer app."""
    sha256: Mapped[str] = mapped_column(String(64))
    needs: Mapped[list[str]] = mapped_column(JsonText)
    depends_on: Mapped[list[str]] = mapped_column(JsonText)
    supersedes: Mapped[str | None] = mapped_column(KeyText)
    superseded_by: Mapped[str | None] = mapped_column(KeyText)
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    first_state: Mapped[str | None] = mapped_column(String(20))
    """Its state on arrival from its device. None: an entry of the history says it, because the office wrote the
    document or an older version stored it."""
    first_reason: Mapped[str | None] = mapped_column(Text)
    """Why it was in that state, as `reason`."""
    state: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    """The result of the push, returned again if it is pushed again: received, refused or quarantined."""
    errors: Mapped[list[FaultJson]] = mapped_column(JsonText)
    warnings: Mapped[list[FaultJson]] = mapped_column(JsonText, default=list, server_default="[]")
    """What the rep was told at the push although the document was received; as `errors`."""
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it is in this state, in plain words for the rep."""
    reason_template: Mapped[dict[str, Any] | None] = mapped_column(JsonText)
    """The code and the parameters of the reason (`sync_protocol.sentence`); null if it has none."""
    raw_reason: Mapped[str | None] = mapped_column(Text)
    """The ERP's own message, for the office."""
    error_class: Mapped[str | None] = mapped_column(String(20))
    cause: Mapped[str | None] = mapped_column(KeyText)
    """Why it was parked last, as `cause_of` returns it; null if it never was, or since its arrival."""
    owner: Mapped[str | None] = mapped_column(String(10))
    """Who must act: rep, office, it or erp."""
    advice: Mapped[str | None] = mapped_column(Text)
    """What to do about it, where the connector knows better than the table of park reasons."""
    decision: Mapped[str | None] = mapped_column(String(20))
    """The office's decision about a parked document; the rep sees it."""
    reserved_by: Mapped[str | None] = mapped_column(Text)
    """The office user who works on it, so that no second one does; valid until `reserved_until`."""
    reserved_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    order_key: Mapped[str] = mapped_column(KeyText)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    """Raised with each lease. A worker with a lower fence changes nothing."""
    lease_owner: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    """Failures in a row that will be tried again; sets the backoff."""
    unfinished_leases: Mapped[int] = mapped_column(Integer, default=0)
    """Leases that ended without an answer, and the current one. At the limit the document is parked, because it
    may kill its workers."""
    last_sent_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    first_failed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    erp_id: Mapped[str | None] = mapped_column(Text)
    erp_number: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        # The hot part of the table: what a worker may lease, and what must be sent before it.
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
        # What a rep sent, what of it today, and what of that stays.
        Index("submission_by_day", "rep", "received_at"),
        Index(
            "submission_kept_by_day",
            "rep",
            "received_at",
            postgresql_where=text(KEPT_STATES),
            sqlite_where=text(KEPT_STATES),
        ),
        # All forecasts that count for one line of the ERP's forecast, accepted ones included.
        Index(
            "submission_by_key",
            "kind",
            "order_key",
            postgresql_where=text(_FORECASTS),
            sqlite_where=text(_FORECASTS),
        ),
        # The rest is partial as well: a settled order is in as few indexes as can be.
        Index(
            "submission_superseding",
            "supersedes",
            postgresql_where=text(_COPIES),
            sqlite_where=text(_COPIES),
        ),
        # The parked ones by cause, longest-waiting first.
        Index(
            "submission_by_cause",
            "cause",
            "updated_at",
            "seq",
            postgresql_where=text(PARKED),
            sqlite_where=text(PARKED),
        ),
        # Lists of the console: the kinds and states that few documents have.
        Index(
            "submission_by_kind_listed",
            "kind",
            "seq",
            postgresql_where=text(_RARE_KINDS),
            sqlite_where=text(_RARE_KINDS),
        ),
        Index("submission_ended", "state", "seq", postgresql_where=text(_ENDED), sqlite_where=text(_ENDED)),
        Index(
            "submission_by_state",
            "state",
            # SQLite uses a partial index only if the statement repeats its condition.
            postgresql_where=text(_OPEN_STATES),
        ),
    )


class Attempt(Model):
    """One call to the ERP for a submission, on disk before the call is made."""

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
    """Null while the call runs; it stays null if the worker died."""
    detail: Mapped[str | None] = mapped_column(Text)


class Binding(Model):
    """Our id and the ERP's id. Unique in both directions, except for aggregated lines."""

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
            "binding_number",
            "connector",
            "entity",
            "number",
            postgresql_where=text("number IS NOT NULL"),
            sqlite_where=text("number IS NOT NULL"),
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
    """A document that arrived under the id of another one. Both are kept."""

    __tablename__ = "quarantined"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(KeyText)
    sha256: Mapped[str] = mapped_column(Text)
    document: Mapped[dict[str, Any]] = mapped_column(JsonText)
    rep: Mapped[str] = mapped_column(KeyText)
    device: Mapped[str] = mapped_column(KeyText)
    received_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("submission_id", "sha256", "rep"),
        Index("quarantined_by_day", "rep", "received_at"),
    )


class HistoryEntry(Model):
    """One state change or note of a submission after its arrival, which `Submission.first_state` says."""

    __tablename__ = "submission_history"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(Text)
    """device:<id>, worker:<name>, erp, or user:<name>."""
    note: Mapped[str | None] = mapped_column(Text)
