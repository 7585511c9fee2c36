"""Which streams are due to be built, and the round that builds them."""

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
from backend.sync.segments.builder import Built, build
from backend.sync.segments.store import Store
from sync_protocol.change import Stream


def build_due(sessions: Sessions, store: Store, clock: Clock, settings: Settings) -> list[Built]:
    """Build every stream that is due, the largest last; nothing where another builder has the turn.

    Due is a stream of `segment_rows` live rows or more that has no set, or whose tail (the rows above the
    position of its set) has outgrown `segment_tail_percent` of the set, or whose set has fallen behind the
    tombstones' horizon: no tombstone above it could ever go. A stream that shrank below that size and outgrew
    its set is served as rows again.
    """
    with build_lock(sessions, settings.folder) as mine:
        if not mine:
            return []
        wanted, outgrown = _due(sessions, clock, settings)
        if outgrown:
            with sessions() as session, session.begin():
                for stream in outgrown:
                    segments.retire(session, stream, clock.now())
        return _build(sessions, store, clock, wanted)


def build_streams(
    sessions: Sessions, store: Store, clock: Clock, folder: Path, streams: Iterable[Stream]
) -> list[Built]:
    """Build *streams*, due or not; nothing where another builder has the turn."""
    with build_lock(sessions, folder) as mine:
        return _build(sessions, store, clock, streams) if mine else []


def _build(sessions: Sessions, store: Store, clock: Clock, streams: Iterable[Stream]) -> list[Built]:
    built = (build(sessions, store, clock, stream) for stream in streams)
    return [one for one in built if one is not None]


def large_streams(sessions: Sessions, settings: Settings) -> list[Stream]:
    """Return the streams that are worth segments, the smallest first."""
    with sessions() as session:
        snapshot(session)
        counts = [(standing.checksum.count, s) for s, standing in reading.all_stream_states(session).items()]
    return [stream for count, stream in sorted(counts) if 0 < settings.segment_rows <= count]


def _due(sessions: Sessions, clock: Clock, settings: Settings) -> tuple[list[Stream], list[Stream]]:
    """Return the streams to build, the smallest first, and those whose outgrown set gets no successor."""
    with sessions() as session:
        snapshot(session)
        bases = segments.set_summaries(session)
        if not settings.segment_rows:
            return [], list(bases)
        horizon = position_times.position_before(
            session, clock.now() - dt.timedelta(days=settings.tombstone_days)
        )
        found, outgrown = [], []
        for stream, standing in reading.all_stream_states(session).items():
            base = bases.get(stream)
            if base is not None and not _outgrown(session, stream, standing, base, horizon, settings):
                continue
            if standing.checksum.count >= settings.segment_rows:
                found.append((standing.checksum.count, stream))
            elif base is not None:
                outgrown.append(stream)
    return [stream for _, stream in sorted(found)], outgrown


def _outgrown(
    session: Session, stream: Stream, standing: StreamState, base: SetSummary, horizon: int, settings: Settings
) -> bool:
    if standing.head <= base.position:
        return False
    tail = base.rows * settings.segment_tail_percent // 100
    return base.position < horizon or reading.more_than(session, stream, base.position, tail)
