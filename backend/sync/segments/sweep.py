"""The sweep: sets that were retired long enough ago go, and the files that nobody names with them.

A retired set is served for a week more, or for the tombstones' life if that is shorter, so that a phone in
the middle of a first sync over a slow line goes on where it is. Until it goes it holds the floor of its
stream down (`oldest_living_position`). A file that another set names too stays.
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
UNNAMED_HOURS = 24
"""How old a file must be that nobody names: one that is being built is younger."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    """What a sweep did away with."""

    segments: int = 0
    files: int = 0


def sweep(sessions: Sessions, store: Store, clock: Clock, settings: Settings) -> Swept:
    """Forget what was retired long ago and delete the files of nobody; nothing while somebody builds.

    Raises `StoreFailed`; what is left then goes with the next sweep.
    """
    with build_lock(sessions, settings.folder) as mine:
        if not mine:
            return Swept()
        now = clock.now()
        days = min(RETIRED_DAYS, settings.tombstone_days)
        with sessions() as session, session.begin():
            forgotten = segments.forget(session, now - dt.timedelta(days=days))
        failpoint("segments.after_forget")
        with sessions() as session:
            named = segments.all_names(session)
        files = 0
        for file in store.stored():
            if file.name not in named and file.written_at < now - dt.timedelta(hours=UNNAMED_HOURS):
                store.delete(file.name)
                failpoint("segments.after_delete")
                files += 1
    if forgotten or files:
        log.info("segments swept: %d forgotten, %d files deleted", forgotten, files)
    return Swept(forgotten, files)
