"""The standby: a server that PostgreSQL streams the database to, and that serves pulls where that is safe.

It may serve a device under three conditions. It has the same epoch as the primary. It has reached everything
that the device has seen and pushed. And its answer is not "no changes" while it is behind the primary. In every
other case, and whenever the standby is unavailable or cancels the query, the primary serves as if there were no
standby.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from backend import metrics
from backend.database.core import engine_options, prepare, snapshot
from backend.feed import positions
from backend.feed.positions import FeedMissing, Head
from backend.sync.pull import NotYet

log = logging.getLogger(__name__)
T = TypeVar("T")

UNAVAILABLE_SECONDS = 10.0
"""How long a standby that failed is not used, so that not every request waits for it in vain."""
CONFLICT = "40001"
"""The SQLSTATE with which a standby cancels a query that conflicts with replaying the WAL.

Source: PostgreSQL documentation, "Handling Query Conflicts" (hot standby).
"""


class Standby:
    """One standby, as a web process uses it. Safe for several threads."""

    def __init__(self, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._engine = create_engine(url, **_options(url))
        prepare(self._engine)
        self._monotonic = monotonic
        self._unavailable_until = 0.0

    @property
    def is_unavailable(self) -> bool:
        """Whether it failed recently and is not used at present."""
        return self._monotonic() < self._unavailable_until

    def read(self, primary: Head, min_position: int, query: Callable[[Session, Head], T | None]) -> T | None:
        """Return the result of *query* in one snapshot of the standby; None: the primary must serve.

        Args:
            primary: The primary's head, read before.
            min_position: The position that the standby must have reached.
            query: Called with a session and the standby's head; returns None if its result may not be used.
        """
        result, reason = self._read(primary, min_position, query)
        metrics.STANDBY_READS.labels(reason).inc()
        return result

    def _read(
        self, primary: Head, min_position: int, query: Callable[[Session, Head], T | None]
    ) -> tuple[T | None, str]:
        """Return the result and "served"; or None and why the primary must serve, for the metrics."""
        if self.is_unavailable:
            return None, "unavailable"
        try:
            with Session(self._engine) as session:
                snapshot(session)
                head = positions.head(session)
                # Positions of another epoch are not comparable.
                if head.epoch != primary.epoch or head.position < min_position:
                    return None, "behind"
                result = query(session, head)
                return result, "behind" if result is None else "served"
        except NotYet:
            return None, "behind"
        except PoolTimeout:
            # A busy standby is not unavailable.
            return None, "busy"
        except (FeedMissing, DataError):
            # The primary reports what is wrong with the request.
            return None, "refused"
        except DBAPIError as error:
            return None, self._failed(error)

    def _failed(self, error: DBAPIError) -> str:
        """Log *error*, and do not use the standby for a while unless it is a conflict; return the reason."""
        reason = str(error.orig).strip().splitlines()[0]
        if getattr(error.orig, "sqlstate", None) == CONFLICT:
            log.info(
                "the standby cancelled a page because of a recovery conflict; the primary serves it: %s", reason
            )
            return "conflict"
        self._unavailable_until = self._monotonic() + UNAVAILABLE_SECONDS
        log.warning("the standby failed; the primary serves for %.0f s: %s", UNAVAILABLE_SECONDS, reason)
        return "failed"

    def close(self) -> None:
        """Close its connections."""
        self._engine.dispose()


def _options(url: str) -> dict[str, Any]:
    options = engine_options(url)
    # The primary can serve instead, so the timeouts are short.
    timeouts = {
        "connect_timeout": 2,
        "tcp_user_timeout": 5_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
    }
    defaults = options["connect_args"]
    return {
        **options,
        "connect_args": {**defaults, **timeouts, "options": f"{defaults['options']} -c statement_timeout=20s"},
    }
