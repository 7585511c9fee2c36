"""First need: a phone begins to read a large stream that has no segments yet. They are built while it waits.

Whoever comes while somebody else builds, or after a failure, is served with rows; nobody waits for a turn.
"""

import logging
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from backend.clock import Clock
from backend.database.core import Sessions, snapshot
from backend.feed import segments
from backend.sync.segments.build_lock import build_lock
from backend.sync.segments.builder import build
from backend.sync.segments.store import Store, StoreFailed
from sync_protocol.change import Stream

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0
"""After this long no further stream is begun: the phone gets what there is."""
PAUSE_SECONDS = 60.0
"""How long a node leaves building to others after it has failed at it."""


class OnDemandBuilder:
    """Builds for the phones of one web process."""

    def __init__(self, sessions: Sessions, store: Store, clock: Clock, folder: Path) -> None:
        self.sessions, self.store, self.clock, self.folder = sessions, store, clock, folder
        self._not_before = 0.0

    def ensure(self, wanted: Iterable[Stream]) -> bool:
        """Build the first of *wanted*, and more while patience lasts; return whether anything is new."""
        began = time.monotonic()
        if began < self._not_before:
            return False
        try:
            with build_lock(self.sessions, self.folder) as mine:
                return mine and self._build(wanted, began + PATIENCE_SECONDS)
        except (StoreFailed, SQLAlchemyError) as error:
            self._not_before = began + PAUSE_SECONDS
            log.warning("segments could not be built, phones get rows: %s", error)
            return False

    def _build(self, wanted: Iterable[Stream], until: float) -> bool:
        new = False
        for stream in wanted:
            if time.monotonic() >= until and new:
                break
            # Somebody may have been here between the phone's page and our turn.
            with self.sessions() as session:
                snapshot(session)
                there = segments.on_offer(session, [stream])
            new = bool(there) or build(self.sessions, self.store, self.clock, stream) is not None or new
        return new
