"""What RQ calls: names in, commits, done. The work itself is in the database, not in the job."""

import functools
import os
import socket

from backend.clock import SystemClock
from backend.database.core import Sessions, make_sessions
from backend.delivery.forwarder import Forwarder
from backend.delivery.receipts import receipts_in
from backend.erp.port import connect
from backend.settings import Settings, read_settings

LONGEST_RING = 60.0
"""Seconds after which a ring ends although more is due, so that a worker can be told to stop."""


def ring() -> int:
    """Forward what is due until nothing is; return how many submissions that were.

    Settings come from the environment. Database errors are raised: RQ notes the failure and the
    polling worker does the work.
    """
    return _forwarder(os.getpid()).drain(seconds=LONGEST_RING)


@functools.cache
def _forwarder(pid: int) -> Forwarder:
    """Return this process's forwarder; a forked child makes its own, with its own connections."""
    settings = read_settings(os.environ)
    return forwarder(settings, make_sessions(settings.database_url), "ring")


def forwarder(settings: Settings, sessions: Sessions, name: str) -> Forwarder:
    """Return a forwarder with a connector of its own, named *name* in this process's leases and attempts.

    Raises what `connect` raises where the connector or one of its options is wrong.
    """
    return Forwarder(
        sessions,
        connect(settings.connector, settings.erp),
        clock=SystemClock(),
        settings=settings,
        worker=f"{socket.gethostname()}:{os.getpid()}:{name}",
        receipts_of=receipts_in(settings.folder),
    )
