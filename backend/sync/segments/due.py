"""Find the streams whose segments are due to be built, and build them."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions, snapshot
from backend.feed import position_times, reading, segments
from backend.feed.reading import StreamState
from backend.feed.segments import SetSummary
from backend.settings import Settings
from backend.sync.segments.build_lock import build_lock
from backend.sync.segments.builder import BuiltSet, build
from backend.sync.segments.store import Store
from sync_protocol.change import Stream


def build_due(sessions: Sessions, store: Store, clock: Clock, settings: Settings) -> list[BuiltSet]:
    """Build every stream that is due, the smallest first; build nothing if another builder holds the lock.

    A stream with at least `segment_rows` live rows is due in three cases: it has no set; its tail (the rows
    above the position of its set) exceeds `segment_tail_percent` of the set's rows; its set is older than the
    tombstone horizon, so that no tombstone above it could ever be deleted. A smaller stream that has outgrown
    its set is served as rows again.
    """
    with build_lock(sessions, settings.folder) as acquired:
        if not acquired:
            return []
        due, too_small = _due(sessions, clock, settings)
        if too_small:
            with sessions() as session, session.begin():
                for stream in too_small:
                    segments.retire(session, stream, clock.now())
        return _build(sessions, store, clock, due)


def build_streams(
    sessions: Sessions, store: Store, clock: Clock, folder: Path, streams: Iterable[Stream]
) -> list[BuiltSet]:
    """Build *streams*, due or not; build nothing if another builder holds the lock."""
    with build_lock(sessions, folder) as acquired:
        return _build(sessions, store, clock, streams) if acquired else []


def _build(sessions: Sessions, store: Store, clock: Clock, streams: Iterable[Stream]) -> list[BuiltSet]:
    sets = (build(sessions, store, clock, stream) for stream in streams)
    return [built for built in sets if built is not None]


def large_streams(sessions: Sessions, settings: Settings) -> list[Stream]:
    """Return the streams that are large enough for segments, the smallest first."""
    with sessions() as session:
        snapshot(session)
        counts = [(state.checksum.count, s) for s, state in reading.all_stream_states(session).items()]
    return [stream for count, stream in sorted(counts) if 0 < settings.segment_rows <= count]


def _due(sessions: Sessions, clock: Clock, settings: Settings) -> tuple[list[Stream], list[Stream]]:
    """Return the streams to build, the smallest first, and those whose outgrown set is not replaced."""
    with sessions() as session:
        snapshot(session)
        sets = segments.set_summaries(session)
        if not settings.segment_rows:
            return [], list(sets)
        horizon = position_times.position_before(
            session, clock.now() - dt.timedelta(days=settings.tombstone_days)
        )
        due, too_small = [], []
        for stream, state in reading.all_stream_states(session).items():
            current = sets.get(stream)
            if current is not None and not _is_stale(session, stream, state, current, horizon, settings):
                continue
            if state.checksum.count >= settings.segment_rows:
                due.append((state.checksum.count, stream))
            elif current is not None:
                too_small.append(stream)
    return [stream for _, stream in sorted(due)], too_small


def _is_stale(
    session: Session, stream: Stream, state: StreamState, current: SetSummary, horizon: int, settings: Settings
) -> bool:
    if state.head <= current.position:
        return False
    max_tail = current.rows * settings.segment_tail_percent // 100
    return current.position < horizon or reading.has_more_than(session, stream, current.position, max_tail)
