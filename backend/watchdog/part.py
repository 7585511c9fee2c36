"""The heart of a process that does one duty for a worker, such as the doorbell process.

Apart from `heart.py`: a part never says that the worker lives. The worker registers it (`Heart.part`), so that
a part that never starts is late too.
"""

from sqlalchemy import select

from backend.clock import Clock
from backend.database.core import Sessions
from backend.watchdog.heart import Duty, write_duties
from backend.watchdog.models import Heartbeat


class PartHeart:
    """Writes the heartbeat of one duty of *worker*."""

    def __init__(self, sessions: Sessions, clock: Clock, worker: str, name: str) -> None:
        self.sessions, self.clock, self.worker = sessions, clock, worker
        self.duty = Duty(name, clock)
        self._resumed = False

    def write(self) -> None:
        """Write the heartbeat; database errors are raised.

        The first time, failures of the process before this one continue, unless a round has succeeded.
        """
        with self.sessions() as session, session.begin():
            if not self._resumed and not self.duty.has_succeeded:
                before = session.scalars(
                    select(Heartbeat).where(Heartbeat.worker == self.worker, Heartbeat.duty == self.duty.name)
                ).one_or_none()
                if before is not None and before.failing_since is not None:
                    self.duty.failing_since = before.failing_since
                    self.duty.error = self.duty.error or before.error
            write_duties(session, self.worker, [self.duty], self.clock.now())
        self._resumed = True
