"""The heart of a worker: its threads say in memory what they do, and one statement writes that for all.

So a duty that hangs stops beating although its process lives, and no duty waits for the database because of
its heartbeat.
"""

import datetime as dt
import os
import socket
from collections.abc import Iterable

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.bulk import upsert
from backend.database.core import Sessions
from backend.watchdog.models import Heartbeat

WRITE_SECONDS = 10.0
"""Between two writes of a worker's heartbeats."""
PROCESS = "process"
"""The duty that beats with every write: as long as the worker itself lives."""
KEPT = dt.timedelta(days=1)
"""How long the heartbeats of a worker that has died are kept while others run."""
MAX_ERROR = 500


class Duty:
    """One duty of a worker, such as one forwarding thread. Used by its own thread; the heart reads it."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name, self._clock = name, clock
        self._seen = clock.now()
        self._waits_until: dt.datetime | None = None
        self.failing_since: dt.datetime | None = None
        self.error: str | None = None
        self.has_succeeded = False

    def beat(self) -> None:
        """Say that the duty works: at the start of a round, and within a long one."""
        self._waits_until, self._seen = None, self._clock.now()

    def succeeded(self, pause: float) -> None:
        """Say that a round has succeeded, and the next one follows in *pause* seconds."""
        self.failing_since, self.error, self.has_succeeded = None, None, True
        self._wait(pause)

    def failed(self, error: str, pause: float) -> None:
        """Say that a round has failed with *error*, and the next one follows in *pause* seconds."""
        self.failing_since = self.failing_since or self._clock.now()
        self.error = error[:MAX_ERROR]
        self._wait(pause)

    def beating(self, sessions: Sessions) -> Sessions:
        """Return *sessions* such that each session is a beat: a job that is not stuck opens them often."""

        def beat_and_open() -> Session:
            self.beat()
            return sessions()

        return beat_and_open

    def beat_at(self, now: dt.datetime) -> dt.datetime:
        """Return the last sign of life: *now* while the duty waits for its next round."""
        waits_until = self._waits_until
        return self._seen if waits_until is None else min(now, waits_until)

    def _wait(self, pause: float) -> None:
        self._seen = self._clock.now()
        self._waits_until = self._seen + dt.timedelta(seconds=pause)


class Heart:
    """The duties of this process, and their rows in the database."""

    def __init__(self, sessions: Sessions, clock: Clock, worker: str | None = None) -> None:
        self.sessions, self.clock = sessions, clock
        self.worker = worker or worker_name(os.getpid())
        self._duties: dict[str, Duty] = {PROCESS: Duty(PROCESS, clock)}
        self._parts: dict[str, Duty] = {}

    def duty(self, name: str) -> Duty:
        """Register the duty *name*. From now on it must beat."""
        return self._duties.setdefault(name, Duty(name, self.clock))

    def part(self, name: str) -> None:
        """Register the duty *name*, which a process of its own does and beats (`PartHeart`)."""
        self._parts[name] = Duty(name, self.clock)

    def start(self) -> None:
        """Write the first heartbeats, and delete those of workers of this machine that this one replaces.

        A worker in a container often has the name of the one before, which may have had other duties.
        """
        self._duties[PROCESS].beat()
        with self.sessions() as session, session.begin():
            for worker in session.scalars(select(Heartbeat.worker).distinct()).all():
                host, _, pid = worker.rpartition(":")
                if worker == self.worker or (host == socket.gethostname() and not _runs(pid)):
                    session.execute(delete(Heartbeat).where(Heartbeat.worker == worker))
            duties = [*self._duties.values(), *self._parts.values()]
            write_duties(session, self.worker, duties, self.clock.now())

    def write(self) -> None:
        """Write all heartbeats, in two statements; database errors are raised."""
        self._duties[PROCESS].beat()
        with self.sessions() as session, session.begin():
            now = self.clock.now()
            # One that is ahead was written while the clock of that machine, or ours, was wrong.
            old = or_(Heartbeat.beat_at < now - KEPT, Heartbeat.beat_at > now + KEPT)
            session.execute(delete(Heartbeat).where(Heartbeat.worker != self.worker, old))
            write_duties(session, self.worker, self._duties.values(), now)

    def end(self) -> None:
        """Say that this worker was stopped on purpose, so that nobody is told that it is missing."""
        with self.sessions() as session, session.begin():
            session.execute(
                update(Heartbeat).where(Heartbeat.worker == self.worker).values(ended_at=self.clock.now())
            )


def worker_name(pid: int) -> str:
    """Return the name of the worker whose process id on this machine is *pid*."""
    # An id is short, so the name is shortened before it.
    return f"{socket.gethostname()[:100]}:{pid}"


def write_duties(session: Session, worker: str, duties: Iterable[Duty], now: dt.datetime) -> None:
    """Write the heartbeats of *duties* of *worker*, in one statement."""
    rows = [
        {
            "worker": worker, "duty": duty.name, "beat_at": duty.beat_at(now),
            "failing_since": duty.failing_since, "error": duty.error,
        }
        for duty in duties
    ]  # fmt: skip
    # Not `ended_at`: a part that ends after its worker must not say that the worker runs.
    replaced = ["beat_at", "failing_since", "error"]
    upsert(session, Heartbeat, rows, ["worker", "duty"], replace=replaced)


def _runs(pid: str) -> bool:
    """Return whether a process of this machine has the number *pid*."""
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass
    return True
