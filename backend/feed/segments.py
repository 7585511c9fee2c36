"""Which segments there are: the sets on offer, and what a name stands for. The files are elsewhere."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.feed.models import FeedSegment
from sync_protocol.change import Stream


def on_offer(session: Session, streams: Iterable[Stream]) -> dict[Stream, list[FeedSegment]]:
    """Return, of each of *streams* that has one, the set on offer, ascending by key."""
    wanted = set(streams)
    if not wanted:
        return {}
    rows = session.scalars(
        select(FeedSegment)
        .where(FeedSegment.channel.in_({channel for channel, _ in wanted}), FeedSegment.retired_at.is_(None))
        .order_by(FeedSegment.channel, FeedSegment.collection, FeedSegment.key_from)
    )
    found: dict[Stream, list[FeedSegment]] = {}
    for row in rows:
        if (row.channel, row.collection) in wanted:
            found.setdefault((row.channel, row.collection), []).append(row)
    return found


def named(session: Session, sha256: str) -> Sequence[FeedSegment]:
    """Return every segment, on offer or retired, whose bytes have this name."""
    return session.scalars(select(FeedSegment).where(FeedSegment.sha256 == sha256)).all()
