"""People of the office: their roles, deputies, second factors and sessions. `OfficeAccount` has the account."""

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import Model, UtcDateTime


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
