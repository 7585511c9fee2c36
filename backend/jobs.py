"""Functions that RQ calls by name. A job carries no data: the work is in the database."""

import functools
import os
import socket

from backend.clock import SystemClock
from backend.database.core import Sessions, make_sessions
from backend.delivery.documents import receipts_in
from backend.delivery.forwarder import Forwarder
from backend.erp.port import connect
from backend.settings import Settings, read_settings
from backend.watchdog.heart import Duty

MAX_RING_SECONDS = 60.0
"""A job ends after this time although more is due, so that a worker can be stopped."""

_duty: Duty | None = None


def beat_at_rings(duty: Duty) -> None:
    """Let the rings of this process beat *duty* while they forward."""
    global _duty
    _duty = duty


def ring() -> int:
    """Forward until nothing is due; return how many submissions.

    Settings come from the environment. Database errors are raised: RQ logs the failure, and the polling worker
    does the work.
    """
    return _forwarder(os.getpid()).drain(seconds=MAX_RING_SECONDS)


@functools.cache
def _forwarder(pid: int) -> Forwarder:
    """Return the forwarder of the process *pid*; a forked child makes its own, with its own connections."""
    settings = read_settings(os.environ)
    sessions = make_sessions(settings.database_url)
    return forwarder(settings, _duty.beating(sessions) if _duty else sessions, "ring")


def forwarder(settings: Settings, sessions: Sessions, name: str) -> Forwarder:
    """Return a forwarder with a connector of its own, named *name* in this process's leases and attempts.

    Raises what `connect` raises if the connector or one of its options is wrong.
    """
    return Forwarder(
        sessions,
        connect(settings.connector, settings.erp),
        clock=SystemClock(),
        settings=settings,
        worker=f"{socket.gethostname()}:{os.getpid()}:{name}",
        receipts_of=receipts_in(settings.folder),
    )
