"""Reading the feed: streams by index range, and what a rep may cite."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from backend.feed.models import FeedRow, FeedStream
from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum

Ref = tuple[str, str]
"""(collection, key)"""


@dataclass(frozen=True)
class Standing:
    """Where a stream stands: its newest position, the one below which tombstones are gone, its live rows."""

    head: int
    floor: int
    checksum: Checksum


def standings(session: Session, channels: Sequence[str]) -> dict[Stream, Standing]:
    """Return where every stream in *channels* stands that ever held a record."""
    rows = session.execute(
        select(
            FeedStream.channel,
            FeedStream.collection,
            FeedStream.head,
            FeedStream.floor,
            FeedStream.rows,
            FeedStream.sum,
        ).where(FeedStream.channel.in_(channels))
    )
    return {
        (row.channel, row.collection): Standing(row.head, row.floor, Checksum(row.rows, row.sum % MODULUS))
        for row in rows
    }


def rows_after(
    session: Session, stream: Stream, position: int, limit: int
) -> Sequence[Row[int, str, str | None]]:
    """Return up to *limit* rows (position, key, body) of *stream* above *position*, ascending."""
    channel, collection = stream
    return session.execute(
        select(FeedRow.position, FeedRow.key, FeedRow.body)
        .where(FeedRow.channel == channel, FeedRow.collection == collection, FeedRow.position > position)
        .order_by(FeedRow.position)
        .limit(limit)
    ).all()


def heard(session: Session, channels: Sequence[str], refs: Iterable[Ref]) -> dict[Ref, dict[str, Any]]:
    """Return, of the records *refs*, those that are or were heard in *channels*.

    A record that has left a channel leaves a tombstone there, so that a document captured before the
    move may still cite it. The value is the record as it is now, or an empty one where it is gone.
    """
    wanted: dict[str, list[str]] = {}
    for collection, key in refs:
        wanted.setdefault(collection, []).append(key)
    found: dict[Ref, dict[str, Any]] = {}
    for collection, keys in wanted.items():
        for start in range(0, len(keys), 500):
            chunk = keys[start : start + 500]
            here = (FeedRow.collection == collection, FeedRow.key.in_(chunk))
            known = session.scalars(select(FeedRow.key).where(*here, FeedRow.channel.in_(channels)).distinct())
            found.update({(collection, key): {} for key in known})
            alive = session.execute(select(FeedRow.key, FeedRow.body).where(*here, FeedRow.body.is_not(None)))
            for row in alive:
                if (collection, row.key) in found:
                    found[collection, row.key] = json.loads(str(row.body))
    return found
