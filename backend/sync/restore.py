"""After a restore: start a new epoch, then recompute the checksums of every stream.

The order matters. The new epoch comes first and alone, so that no phone takes a position of the restored
feed for one that it knows. The checksums follow, stream after stream, while phones and workers continue.
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
    """The state with which the new epoch starts."""

    epoch: str
    position: int
    head_raised_by: int
    """By how much the head had to be raised, because rows had higher positions."""
    withdrawn: list[tuple[Stream, int]]
    """Sets of segments that were withdrawn, as (stream, position)."""


def start_epoch(session: Session, stored: set[str] | None) -> NewEpoch:
    """Start a new epoch above every position in the feed.

    Sets of segments above the head, or with a file missing, are withdrawn: they belong to a lost history.
    The next sweep deletes files that the backup does not know.

    Args:
        session: A session whose transaction the caller commits.
        stored: The names of the segment files in the store; None if unknown.
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
    sessions: Sessions, progress: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[StreamCheck]:
    """Recompute the checksums of every stream, each in its own transaction; yield those that were repaired.

    *progress* is called with the number of streams done and the number of all streams.
    """
    with sessions() as session:
        streams = integrity.streams(session)
    for done, stream in enumerate(streams):
        progress(done, len(streams))
        with sessions() as session, session.begin():
            check = integrity.rebuild(session, stream)
        if not check.is_intact:
            yield check
    progress(len(streams), len(streams))
