"""The watchdog's tables: the heartbeat of each duty of each worker, and the alerts about late ones."""

import datetime as dt

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.database.core import KeyText, Model, UtcDateTime
from backend.delivery.models import AlertDelivery


class Heartbeat(Model):
    """The last sign of life of one duty of one worker. The duty `process` is the worker itself."""

    __tablename__ = "heartbeat"

    worker: Mapped[str] = mapped_column(KeyText, primary_key=True)
    """`host:process id`."""
    duty: Mapped[str] = mapped_column(KeyText, primary_key=True)
    beat_at: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When it last began, continued or ended a round, or waited for the next one."""
    failing_since: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """Since when every round has failed; null: the last one succeeded."""
    error: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """When the worker was stopped on purpose; null while it should run."""


class WorkerAlert(AlertDelivery, Model):
    """One alert about a late worker or duty. Once for each incident and notifier."""

    __tablename__ = "worker_alert"

    worker: Mapped[str] = mapped_column(KeyText)
    duty: Mapped[str] = mapped_column(KeyText)
    since: Mapped[dt.datetime] = mapped_column(UtcDateTime)
    """When the incident began. A later incident gets an alert of its own."""

    __table_args__ = (UniqueConstraint("worker", "duty", "since", "notifier"),)
