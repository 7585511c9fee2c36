"""The tables of what devices report."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import JsonText, KeyText, Model, UtcDateTime


class DeviceReport(Model):
    """The newest report of a device: its inventory of unsent documents."""

    __tablename__ = "device_report"

    device: Mapped[str] = mapped_column(KeyText, primary_key=True)
    rep: Mapped[str] = mapped_column(KeyText)
    reported_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    app_version: Mapped[str] = mapped_column(Text)
    platform: Mapped[str] = mapped_column(Text)
    unsent: Mapped[list[dict[str, Any]]] = mapped_column(JsonText)
    """As `UnsentSchema` has them."""
    unsent_total: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("device_report_by_rep", "rep"),)


class DeviceSync(Model):
    """One sync of a device, as `SyncFiguresSchema` has it."""

    __tablename__ = "device_sync"

    device: Mapped[str] = mapped_column(KeyText, primary_key=True)
    began_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, primary_key=True)
    """By the device's clock."""
    reported_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    app_version: Mapped[str] = mapped_column(Text)
    platform: Mapped[str] = mapped_column(Text)
    milliseconds: Mapped[int] = mapped_column(BigInteger)
    sent: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger)
    complete: Mapped[bool] = mapped_column(Boolean)
    problem: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("device_sync_reported", "reported_at"),
        Index("device_sync_of_device", "device", "reported_at"),
    )
