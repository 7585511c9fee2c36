"""The office's tables: roles, deputies, second factors and sessions of its people, and batches.

`OfficeAccount` has the accounts.
"""

import datetime as dt
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import JsonText, KeyText, Model, UtcDateTime


class OfficeRole(Model):
    """Account → role."""

    __tablename__ = "office_role"

    account: Mapped[str] = mapped_column(ForeignKey("office_account.name"), primary_key=True)
    role: Mapped[str] = mapped_column(String(20), primary_key=True)
    """A `roles.Role`; one that this version does not know gives nothing."""


class OfficeDeputy(Model):
    """Who has the roles of an account too, for a period."""

    __tablename__ = "office_deputy"

    account: Mapped[str] = mapped_column(ForeignKey("office_account.name"), primary_key=True)
    deputy: Mapped[str] = mapped_column(ForeignKey("office_account.name"), primary_key=True)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    until: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("office_deputy_by_deputy", "deputy"),)


class RecoveryCode(Model):
    """A one-time code in place of the second factor; only its hash is stored."""

    __tablename__ = "office_recovery_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("office_account.name"), index=True)


class OfficeSession(Model):
    """Somebody who is signed in to the console with one browser; only the hash of the id is stored."""

    __tablename__ = "office_session"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("office_account.name"))
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """The last request, to the minute."""
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When somebody ended it; null for one that is open or has run out."""
    network: Mapped[str] = mapped_column(Text)
    """The network of the address that signed in, by `backend.api.rates.address`."""
    browser: Mapped[str] = mapped_column(Text)
    """The beginning of the browser's name for itself."""

    __table_args__ = (Index("office_session_by_account", "account", "began_at"),)


class Batch(Model):
    """One action, begun by one person on the documents with one cause."""

    __tablename__ = "office_batch"

    id: Mapped[str] = mapped_column(KeyText, primary_key=True)
    """A ULID."""
    action: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(KeyText)
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JsonText)
    """The field changes of `fix`, as `FieldChange.to_wire` returns them."""
    why: Mapped[str] = mapped_column(Text)
    force: Mapped[bool] = mapped_column(Boolean)
    begun_by: Mapped[str] = mapped_column(Text)
    begun_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    undone_by: Mapped[str | None] = mapped_column(Text)
    undone_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class BatchDocument(Model):
    """One document of a batch, and what became of it."""

    __tablename__ = "office_batch_document"

    batch: Mapped[str] = mapped_column(ForeignKey("office_batch.id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    """Its place in the batch, from 0: the longest-waiting document is first."""
    submission_id: Mapped[str] = mapped_column(KeyText)
    result: Mapped[str | None] = mapped_column(String(10))
    """done, refused or undone; null: the action has not been tried yet."""
    message: Mapped[str | None] = mapped_column(Text)
    """Why it was refused, or could not be undone."""
    answer_id: Mapped[str | None] = mapped_column(KeyText)
    """The document that the action left: the same one, or its correction."""
