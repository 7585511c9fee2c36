"""Build on demand: a phone starts to read a large stream without segments; they are built while it waits.

Phones that ask during a build, or shortly after a failed one, get rows; no request waits for the build lock.
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

TIME_LIMIT_SECONDS = 5.0
"""After this time no further stream is built: the phone gets what exists."""
RETRY_SECONDS = 60.0
"""How long a node does not build after a failed build."""


class OnDemandBuilder:
    """Builds segments for the phones of one web process."""

    def __init__(self, sessions: Sessions, store: Store, clock: Clock, folder: Path) -> None:
        self.sessions, self.store, self.clock, self.folder = sessions, store, clock, folder
        self._retry_at = 0.0

    def ensure(self, streams: Iterable[Stream]) -> bool:
        """Build the first of *streams*, then more until the time limit; return whether there is a new set."""
        began = time.monotonic()
        if began < self._retry_at:
            return False
        try:
            with build_lock(self.sessions, self.folder) as acquired:
                return acquired and self._build(streams, began + TIME_LIMIT_SECONDS)
        except (StoreFailed, SQLAlchemyError) as error:
            self._retry_at = began + RETRY_SECONDS
            log.warning("segments could not be built; phones get rows: %s", error)
            return False

    def _build(self, streams: Iterable[Stream], deadline: float) -> bool:
        has_new = False
        for stream in streams:
            if time.monotonic() >= deadline and has_new:
                break
            # Another builder may have built it between the phone's page and our lock.
            with self.sessions() as session:
                snapshot(session)
                offered = segments.on_offer(session, [stream])
            has_new = (
                bool(offered) or build(self.sessions, self.store, self.clock, stream) is not None or has_new
            )
        return has_new
