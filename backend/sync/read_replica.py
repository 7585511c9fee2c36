"""The read replica: a streaming standby of PostgreSQL that reads the feed for pulls, where it may.

It may serve a device only if it is of the same history as the primary, has what the device has seen and
what it pushed last, and does not have to say "no changes" while the primary might know of some. In every
other case, and whenever it is away or in its own way, the primary serves, as if there were no replica.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from backend.database.core import engine_options, prepare, snapshot
from backend.feed import positions
from backend.feed.positions import FeedMissing, Head
from backend.sync.pull import NotYet

log = logging.getLogger(__name__)
T = TypeVar("T")

AWAY_SECONDS = 10.0
"""How long a replica that failed is left alone, so that not every request waits for it in vain."""
CONFLICT = "40001"
"""The SQLSTATE with which a standby ends a reader that stands in the way of replaying."""


class ReadReplica:
    """One replica as a web process sees it; safe for its threads."""

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._engine = create_engine(url, **_options(url))
        prepare(self._engine)
        self._monotonic = monotonic
        self._away_until = 0.0

    @property
    def away(self) -> bool:
        """Whether it failed a moment ago and is left alone."""
        return self._monotonic() < self._away_until

    def read(self, primary: Head, at_least: int, ask: Callable[[Session, Head], T | None]) -> T | None:
        """Return what *ask* reads in one snapshot of the replica, given its head; None: ask the primary.

        *primary* is the primary's head, read before; *at_least* the position that the replica must have
        reached. *ask* returns None where the replica's answer is not good enough.
        """
        if self.away:
            return None
        try:
            with Session(self._engine) as session:
                snapshot(session)
                head = positions.head(session)
                # Of another history: its positions mean nothing here, whatever their numbers.
                if head.epoch != primary.epoch or head.position < at_least:
                    return None
                return ask(session, head)
        except (NotYet, FeedMissing, DataError, PoolTimeout):
            # What is wrong with the question, the primary will say; what is busy is not away.
            return None
        except DBAPIError as error:
            self._failed(error)
            return None

    def _failed(self, error: DBAPIError) -> None:
        reason = str(error.orig).strip().splitlines()[0]
        if getattr(error.orig, "sqlstate", None) == CONFLICT:
            log.info("the replica gave up a page for the sake of replaying; the primary serves it: %s", reason)
            return
        self._away_until = self._monotonic() + AWAY_SECONDS
        log.warning("the replica failed; the primary serves for %.0f s: %s", AWAY_SECONDS, reason)

    def close(self) -> None:
        """Let go of its connections."""
        self._engine.dispose()


def _options(url: str) -> dict[str, Any]:
    options = engine_options(url)
    # Whoever waits here can be served elsewhere, so nobody waits for long.
    patience = {
        "connect_timeout": 2,
        "tcp_user_timeout": 5_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
    }
    own = options["connect_args"]
    return {
        **options,
        "connect_args": {**own, **patience, "options": f"{own['options']} -c statement_timeout=20s"},
    }
