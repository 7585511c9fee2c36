"""Mismatches: record each time that a replica differs from the feed, so that the cause can be found."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.database.bulk import upsert
from backend.database.core import execute_counted
from backend.feed.models import FeedMismatch
from sync_protocol.change import Stream

RETENTION = dt.timedelta(weeks=6)
"""How long a mismatch is kept."""
MAX_PER_DAY = 500
"""The limit for one device: a device that invents differences must not fill the table."""


@dataclass(frozen=True)
class Mismatch:
    """How many rows of a stream differ in a replica, as far as one request has shown.

    All zero: the stream differs, but in which rows is not known yet.
    """

    stream: Stream
    stale: int = 0
    missing: int = 0
    surplus: int = 0
    resynced: bool = False
    """Whether the device was told to start the stream again."""

    def __add__(self, other: "Mismatch") -> "Mismatch":
        return Mismatch(
            self.stream,
            self.stale + other.stale,
            self.missing + other.missing,
            self.surplus + other.surplus,
            self.resynced or other.resynced,
        )


@dataclass(frozen=True)
class VerifyingDevice:
    """The owner of the replica: rep, device, version of the app, and the head that the replica had seen."""

    rep: str
    device: str
    app_version: str | None
    position: int


def record(session: Session, device: VerifyingDevice, mismatches: Iterable[Mismatch], now: dt.datetime) -> None:
    """Store *mismatches*; the requests of one verification add up in one row per stream.

    A request that is repeated after a lost reply counts its rows twice.
    """
    rows = [
        {
            "device": device.device,
            "position": device.position,
            "channel": mismatch.stream[0],
            "collection": mismatch.stream[1],
            "rep": device.rep,
            "app_version": device.app_version,
            "at": now,
            "stale": mismatch.stale,
            "missing": mismatch.missing,
            "surplus": mismatch.surplus,
            "resynced": mismatch.resynced,
        }
        for mismatch in mismatches
    ]
    stored = select(func.count()).where(
        FeedMismatch.device == device.device, FeedMismatch.at > now - dt.timedelta(days=1)
    )
    rows = rows[: max(0, MAX_PER_DAY - session.scalars(stored).one())]
    if not rows:
        return
    upsert(
        session,
        FeedMismatch,
        rows,
        ["device", "position", "channel", "collection"],
        replace=["at", "app_version"],
        add=["stale", "missing", "surplus"],
        either=["resynced"],
    )


def since(session: Session, start: dt.datetime, limit: int) -> Sequence[FeedMismatch]:
    """Return up to *limit* mismatches found since *start*, newest first."""
    statement = select(FeedMismatch).where(FeedMismatch.at >= start)
    return session.scalars(statement.order_by(FeedMismatch.at.desc()).limit(limit)).all()


def count_since(session: Session, start: dt.datetime) -> tuple[int, int]:
    """Return how many mismatches were found since *start*, and on how many devices."""
    counted = select(func.count(), func.count(FeedMismatch.device.distinct()))
    mismatches, devices = session.execute(counted.where(FeedMismatch.at >= start)).one()
    return mismatches, devices


def purge(session: Session, now: dt.datetime) -> int:
    """Delete mismatches older than `RETENTION`; return how many."""
    return execute_counted(session, delete(FeedMismatch).where(FeedMismatch.at < now - RETENTION))
