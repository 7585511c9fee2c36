"""Mismatches: each time that a replica was found to differ from the feed, for whoever looks for the cause."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from backend.database.bulk import dialect_of, insert_into
from backend.database.core import table_of
from backend.feed.models import FeedMismatch
from sync_protocol.change import Stream

RETENTION = dt.timedelta(weeks=6)
"""How long a mismatch is remembered."""
MAX_PER_DAY = 500
"""Rows kept of one device in a day: one that makes differences up must not fill the table."""


@dataclass(frozen=True)
class Mismatch:
    """In which rows a replica differs from a stream, as far as one request has shown.

    All zero: that it differs is known, in which rows is not yet.
    """

    stream: Stream
    stale: int = 0
    missing: int = 0
    surplus: int = 0
    resynced: bool = False
    """The device was told to begin the stream again."""

    def __add__(self, other: "Mismatch") -> "Mismatch":
        return Mismatch(
            self.stream,
            self.stale + other.stale,
            self.missing + other.missing,
            self.surplus + other.surplus,
            self.resynced or other.resynced,
        )


@dataclass(frozen=True)
class Verifier:
    """Whose replica it is: the rep, the device, the app's version, and the head that the replica had seen."""

    rep: str
    device: str
    app_version: str | None
    position: int


def record(session: Session, who: Verifier, found: Iterable[Mismatch], now: dt.datetime) -> None:
    """Keep *found*; the requests of one verification add up in one row a stream.

    A request that is repeated after a lost reply counts its rows twice.
    """
    rows = [
        {
            "device": who.device,
            "position": who.position,
            "channel": mismatch.stream[0],
            "collection": mismatch.stream[1],
            "rep": who.rep,
            "app_version": who.app_version,
            "at": now,
            "stale": mismatch.stale,
            "missing": mismatch.missing,
            "surplus": mismatch.surplus,
            "resynced": mismatch.resynced,
        }
        for mismatch in found
    ]
    kept = select(func.count()).where(
        FeedMismatch.device == who.device, FeedMismatch.at > now - dt.timedelta(days=1)
    )
    rows = rows[: max(0, MAX_PER_DAY - session.scalars(kept).one())]
    if not rows:
        return
    statement = insert_into(dialect_of(session), table_of(FeedMismatch))
    new = statement.excluded
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["device", "position", "channel", "collection"],
            set_={
                "at": new.at,
                "app_version": new.app_version,
                "stale": FeedMismatch.stale + new.stale,
                "missing": FeedMismatch.missing + new.missing,
                "surplus": FeedMismatch.surplus + new.surplus,
                "resynced": or_(FeedMismatch.resynced, new.resynced),
            },
        ),
        rows,
    )


def since(session: Session, moment: dt.datetime, limit: int) -> Sequence[FeedMismatch]:
    """Return up to *limit* mismatches found since *moment*, newest first."""
    statement = select(FeedMismatch).where(FeedMismatch.at >= moment)
    return session.scalars(statement.order_by(FeedMismatch.at.desc()).limit(limit)).all()


def count_since(session: Session, moment: dt.datetime) -> tuple[int, int]:
    """Return how many mismatches were found since *moment*, and on how many devices."""
    counted = select(func.count(), func.count(FeedMismatch.device.distinct()))
    mismatches, devices = session.execute(counted.where(FeedMismatch.at >= moment)).one()
    return mismatches, devices


def purge(session: Session, now: dt.datetime) -> int:
    """Forget mismatches older than `KEPT`; return how many."""
    gone = session.execute(delete(FeedMismatch).where(FeedMismatch.at < now - RETENTION))
    return int(gone.rowcount)  # type: ignore[attr-defined]
