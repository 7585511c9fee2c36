"""Build a set of segments: read one stream in one snapshot, in the order of its keys, and offer the set.

The files are written first. The rows that name them follow in one short transaction, which also retires the
previous set. A builder that is killed leaves the old set on offer, and at most files without a row, which a
later sweep deletes.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend import metrics
from backend.clock import Clock
from backend.database.core import Sessions, snapshot
from backend.failpoints import failpoint
from backend.feed import positions, reading, segments
from backend.feed.models import FeedSegment
from backend.feed.segments import SegmentInfo
from backend.sync.segments.packing import Row, pack
from backend.sync.segments.store import Store
from sync_protocol.change import Stream

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class BuiltSet:
    """A set that has been built. *reused* of its *segments* are the same files as in the previous set."""

    stream: Stream
    position: int
    segments: int
    reused: int
    rows: int
    bytes: int


def build(sessions: Sessions, store: Store, clock: Clock, stream: Stream) -> BuiltSet | None:
    """Build a new set of *stream* and offer it; the caller holds the build lock.

    Return None if the build took longer than the lifetime of tombstones: such a set is too old to be offered,
    and the previous one stays on offer. Raises `StoreFailed` if a file cannot be stored, and the errors of the
    database; the previous set stays on offer then too.
    """
    began = time.monotonic()
    with sessions() as session:
        snapshot(session)
        position = positions.head(session).position
        before = segments.on_offer(session, [stream]).get(stream, [])
        built_segments = []
        for packed in pack(stream, _rows(session, stream), [segment.key_from for segment in before]):
            store.put(packed.name, packed.data)
            failpoint("segments.after_file")
            built_segments.append(SegmentInfo(packed.range, packed.name, len(packed.data), packed.rows))
    failpoint("segments.after_files")
    with sessions() as session, session.begin():
        offered = segments.replace(session, stream, position, built_segments, clock.now())
        failpoint("segments.before_commit")
    failpoint("segments.after_commit")
    metrics.SEGMENT_SECONDS.observe(time.monotonic() - began)
    if not offered:
        log.warning(
            "segments of %s %s at %d were discarded: they are older than the oldest tombstones left; building"
            " took %.1f s", *stream, position, time.monotonic() - began,
        )  # fmt: skip
        return None
    built = BuiltSet(
        stream,
        position,
        len(built_segments),
        len({segment.sha256 for segment in built_segments} & _names(before)),
        sum(segment.rows for segment in built_segments),
        sum(segment.bytes for segment in built_segments),
    )
    log.info(
        "segments of %s %s at %d: %d (%d reused), %d rows, %d bytes, %.1f s",
        *(*stream, position, built.segments, built.reused, built.rows, built.bytes, time.monotonic() - began),
    )
    return built


def _rows(session: Session, stream: Stream) -> Iterator[Row]:
    """Yield every live row in the order of keys; hold at most `ROWS_AT_ONCE` rows in memory."""
    after: str | None = None
    while rows := reading.rows_by_key(session, stream, after, ROWS_AT_ONCE):
        for row in rows:
            yield row.key, str(row.body)
        after = rows[-1].key


def _names(rows: list[FeedSegment]) -> set[str]:
    return {row.sha256 for row in rows}
