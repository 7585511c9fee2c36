"""Reps, devices, assignments, roles, enrolment codes and the audit trail."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import JsonText, KeyText, Model, UtcDateTime

Serial = BigInteger().with_variant(Integer, "sqlite")


class Rep(Model):
    """A field sales representative."""

    __tablename__ = "rep"

    id: Mapped[str] = mapped_column(KeyText, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(KeyText)
    employee_number: Mapped[str | None] = mapped_column(Text)
    """The person's number in the ERP; expense claims are paid to it."""
    active: Mapped[bool] = mapped_column(Boolean, default=True)


class RoleCollection(Model):
    """Role → collection: the collections that reps of a role may read."""

    __tablename__ = "role_collection"

    role: Mapped[str] = mapped_column(KeyText, primary_key=True)
    collection: Mapped[str] = mapped_column(KeyText, primary_key=True)


class Assignment(Model):
    """Rep → channel. Ended ones are kept: they show whether the customer of a late document was the rep's."""

    __tablename__ = "assignment"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    rep: Mapped[str] = mapped_column(ForeignKey("rep.id"))
    channel: Mapped[str] = mapped_column(KeyText)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    until: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (Index("assignment_by_rep", "rep", "channel"),)


class Device(Model):
    """A phone. Every request reads its row, so that a revocation takes effect at once."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(KeyText, primary_key=True)
    rep: Mapped[str] = mapped_column(ForeignKey("rep.id"))
    name: Mapped[str] = mapped_column(Text)
    public_key: Mapped[dict[str, Any]] = mapped_column(JsonText)
    """The device's Ed25519 or P-256 key as a JWK (RFC 7517)."""
    version: Mapped[int] = mapped_column(Integer, default=1)
    """Increased to invalidate every access token issued so far."""
    refresh_generation: Mapped[int] = mapped_column(Integer, default=1)
    enrolled_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    app_version: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    pushed_position: Mapped[int] = mapped_column(Serial, default=0, server_default="0")
    """The feed's head after its last push. A read replica behind that would hide the push from its rep."""

    __table_args__ = (Index("device_by_rep", "rep"),)


class EnrolmentCode(Model):
    """A one-time code for enrolment; only its hash is stored."""

    __tablename__ = "enrolment_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    rep: Mapped[str] = mapped_column(ForeignKey("rep.id"))
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    device: Mapped[str | None] = mapped_column(KeyText)
    """The device that it enrolled. The same key may use the code again after a lost reply."""


class OfficeAccount(Model):
    """Somebody of the back office, for its API; only the hash of the token is kept."""

    __tablename__ = "office_account"

    name: Mapped[str] = mapped_column(KeyText, primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    """office, finance or it."""
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(Model):
    """Who did what to which subject, and when."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JsonText)
