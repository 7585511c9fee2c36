"""After a restore: a new history begins, and what the backup says about itself is proved.

The order matters. The new epoch comes first and alone, so that no phone takes a position of the restored
feed for one that it knows; the proof of the sums follows, stream after stream, beside phones and workers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.database.core import Sessions
from backend.feed import integrity, positions, segments
from backend.feed.integrity import StreamCheck
from sync_protocol.change import Stream


@dataclass(frozen=True)
class NewEpoch:
    """What the new history begins with."""

    epoch: str
    position: int
    raised: int
    """By how much the head had to be raised, because rows stood above it."""
    withdrawn: list[tuple[Stream, int]]
    """Sets of segments, by stream and position, that are not offered any more."""


def start_epoch(session: Session, stored: set[str] | None) -> NewEpoch:
    """Begin a new epoch above everything the feed holds; *stored* are the files of segments, None if unknown.

    Sets of segments above the head, or with a file missing, are withdrawn: they are of a history that is
    gone. What the backup does not know of in the store is deleted by the builder's next round.
    """
    head = positions.take(session, 1)
    raised = max(0, integrity.newest_row(session) - head)
    if raised:
        positions.take(session, raised)
    epoch = positions.new_epoch(session)
    position = positions.head(session).position
    withdrawn = segments.withdraw_foreign(session, head, stored)
    return NewEpoch(epoch, position, raised, withdrawn)


def rebuild_checksums(
    sessions: Sessions, progress: Callable[[int, int], None] = lambda done, all: None
) -> Iterator[StreamCheck]:
    """Prove every stream, each in a transaction of its own; yield what had to be mended."""
    with sessions() as session:
        streams = integrity.streams(session)
    for done, stream in enumerate(streams):
        progress(done, len(streams))
        with sessions() as session, session.begin():
            proof = integrity.rebuild(session, stream)
        if not proof.is_intact:
            yield proof
    progress(len(streams), len(streams))
