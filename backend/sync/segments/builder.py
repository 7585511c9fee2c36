"""Building: one stream, read in one snapshot in the order of its keys, becomes a set of segments on offer.

The files come first and the rows that name them after, in one short transaction that also retires the set
before. A builder that dies leaves the old set on offer, and at most files that nobody names, which a later
round deletes.
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
class Built:
    """A set that has been built; *kept* of its *segments* have the name that they had before."""

    stream: Stream
    position: int
    segments: int
    kept: int
    rows: int
    bytes: int


def build(sessions: Sessions, store: Store, clock: Clock, stream: Stream) -> Built | None:
    """Build *stream* anew and offer the set; the caller has the builder's turn.

    None: it took longer than tombstones live, so the set was too old to be offered, and nothing has changed.
    Raises `StoreFailed` where a file cannot be kept, and whatever the database raises; what was on offer
    stays on offer then.
    """
    began = time.monotonic()
    with sessions() as session:
        snapshot(session)
        position = positions.head(session).position
        before = segments.on_offer(session, [stream]).get(stream, [])
        sheets = []
        for packed in pack(stream, _rows(session, stream), [segment.key_from for segment in before]):
            store.put(packed.name, packed.data)
            failpoint("segments.after_file")
            sheets.append(SegmentInfo(packed.range, packed.name, len(packed.data), packed.rows))
    failpoint("segments.after_files")
    with sessions() as session, session.begin():
        offered = segments.replace(session, stream, position, sheets, clock.now())
        failpoint("segments.before_commit")
    failpoint("segments.after_commit")
    metrics.SEGMENT_SECONDS.observe(time.monotonic() - began)
    if not offered:
        log.warning(
            "segments of %s %s at %d are older than the tombstones that are left and were thrown away; they"
            " took %.1f s", *stream, position, time.monotonic() - began,
        )  # fmt: skip
        return None
    built = Built(
        stream,
        position,
        len(sheets),
        len({sheet.sha256 for sheet in sheets} & _names(before)),
        sum(sheet.rows for sheet in sheets),
        sum(sheet.bytes for sheet in sheets),
    )
    log.info(
        "segments of %s %s at %d: %d (%d as before), %d rows, %d bytes, %.1f s",
        *(*stream, position, built.segments, built.kept, built.rows, built.bytes, time.monotonic() - began),
    )
    return built


def _rows(session: Session, stream: Stream) -> Iterator[Row]:
    """Yield every live row, some hundreds at a time, by the key's index; nothing else is held."""
    after: str | None = None
    while rows := reading.rows_by_key(session, stream, after, ROWS_AT_ONCE):
        for row in rows:
            yield row.key, str(row.body)
        after = rows[-1].key


def _names(rows: list[FeedSegment]) -> set[str]:
    return {row.sha256 for row in rows}
