"""Reps, devices, assignments, roles, enrolment codes and the audit trail."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, text
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


SEEN_EVERY = dt.timedelta(minutes=5)
"""Minimum time between two updates of `Device.last_seen_at`."""


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
    refresh_family: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    """Which enrolment its refresh tokens belong to; each re-enrolment begins the next family."""
    refresh_generation: Mapped[int] = mapped_column(Integer, default=1)
    family_began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    refreshed_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When tokens were last issued to it."""
    reuse_noticed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When a replaced refresh token was used again, which ended the family; null while the family is valid."""
    enrolled_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    previously_seen_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it was seen before `last_seen_at`, at least `SEEN_EVERY` earlier."""
    app_version: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it was revoked, which is when its wipe was requested."""
    wipe_confirmed_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When it confirmed that it has wiped itself."""
    wipe_exported: Mapped[int | None] = mapped_column(Integer)
    """How many documents and receipts it wrote to a file before the wipe, because they had not been sent."""
    pushed_position: Mapped[int] = mapped_column(Serial, default=0, server_default="0")
    """The feed's head after its last push. A standby behind that would hide the push from its rep."""

    __table_args__ = (Index("device_by_rep", "rep"),)


_UNUSED = "used_at IS NULL AND withdrawn_at IS NULL"


class EnrolmentCode(Model):
    """A one-time code for enrolment; only its hash is stored."""

    __tablename__ = "enrolment_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    rep: Mapped[str] = mapped_column(ForeignKey("rep.id"))
    created_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """Null: it was made before this was stored."""
    created_by: Mapped[str | None] = mapped_column(Text)
    """The actor, as in the audit trail."""
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    device: Mapped[str | None] = mapped_column(KeyText)
    """The device that it enrolled. The same key may use the code again after a lost reply."""
    renews: Mapped[str | None] = mapped_column(KeyText)
    """The device that it is for, which keeps its id; null: the code makes a new device."""

    __table_args__ = (
        Index(
            "enrolment_code_unused", "expires_at", postgresql_where=text(_UNUSED), sqlite_where=text(_UNUSED)
        ),
    )


class UsedProof(Model):
    """A proof (DPoP) that was used, as long as it is valid: no proof is accepted twice."""

    __tablename__ = "used_proof"

    thumbprint: Mapped[str] = mapped_column(String(43), primary_key=True)
    """Of the key that signed it (RFC 7638)."""
    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of its `jti`."""
    expires_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("used_proof_expires", "expires_at"),)


class OfficeAccount(Model):
    """Somebody of the back office, or a program of it. The rest of a person is in `backend.office.models`."""

    __tablename__ = "office_account"

    name: Mapped[str] = mapped_column(KeyText, primary_key=True)
    territory: Mapped[str | None] = mapped_column(Text)
    """The territory to whose reps its roles are limited; null: they are not."""
    language: Mapped[str | None] = mapped_column(String(10))
    """The language of the console, an `id` of `sync_protocol.wording.LANGUAGES`; null: the browser's."""
    password_hash: Mapped[str | None] = mapped_column(Text)
    """The password by argon2id with its salt and parameters; null: nobody can sign in to the console."""
    password_expires_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When an initial password that somebody else has seen ends; null: the person chose the password."""
    totp_key: Mapped[str | None] = mapped_column(Text)
    """The key of the second factor, encrypted (`backend.office.sealed`); null: there is no second factor."""
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    """The time step of the newest code that was accepted: it and those before it are not accepted again."""
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of the token for the API; null: it has none."""
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(Model):
    """One action: its actor, its subject and its time. Triggers refuse to change or delete it."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Serial, primary_key=True, autoincrement=True)
    number: Mapped[int] = mapped_column(BigInteger)
    """Its place in the chain: 1, 2, 3 … without gaps."""
    hash: Mapped[str] = mapped_column(String(64))
    """The sha256 of the entry and of the hash before it, in hexadecimal digits (`audit_chain.entry_hash`)."""
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]] = mapped_column(JsonText)

    __table_args__ = (
        Index("audit_by_number", "number", unique=True),
        Index("audit_by_action", "action", "number"),
        Index("audit_by_subject", "subject", "number"),
    )
