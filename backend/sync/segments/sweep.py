"""The sweep: delete sets that were retired long enough ago, and files that no set names.

A retired set is served for another week, so that a phone with a slow connection can finish a first sync. The
time is shorter if tombstones live less than a week. Until it is deleted it keeps the floor of its stream down
(`oldest_served_position`). A file that another set names too stays.
"""

import datetime as dt
import logging
from dataclasses import dataclass

from backend.clock import Clock
from backend.database.core import Sessions
from backend.failpoints import failpoint
from backend.feed import segments
from backend.settings import Settings
from backend.sync.segments.build_lock import build_lock
from backend.sync.segments.store import Store

RETIRED_DAYS = 7
UNREFERENCED_HOURS = 24
"""The minimum age of a deleted file: the files of a set that is being built have no row yet but are younger."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepResult:
    """How many segments (rows) and files a sweep has deleted."""

    segments: int = 0
    files: int = 0


def sweep(sessions: Sessions, store: Store, clock: Clock, settings: Settings) -> SweepResult:
    """Delete old retired sets and files without a set; delete nothing if a builder holds the lock.

    Raises `StoreFailed`; the next sweep deletes what is left.
    """
    with build_lock(sessions, settings.folder) as acquired:
        if not acquired:
            return SweepResult()
        now = clock.now()
        days = min(RETIRED_DAYS, settings.tombstone_days)
        with sessions() as session, session.begin():
            deleted = segments.delete_retired(session, now - dt.timedelta(days=days))
        failpoint("segments.after_forget")
        with sessions() as session:
            names = segments.all_names(session)
        files = 0
        for file in store.stored():
            if file.name not in names and file.written_at < now - dt.timedelta(hours=UNREFERENCED_HOURS):
                store.delete(file.name)
                failpoint("segments.after_delete")
                files += 1
    if deleted or files:
        log.info("segments swept: %d segments and %d files deleted", deleted, files)
    return SweepResult(deleted, files)
