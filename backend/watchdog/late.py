"""Says which workers and duties are late: dead, stopped and not started again, hanging, or failing.

Doctor, readiness, metrics and the alert of the web processes all ask this module.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import is_ahead
from backend.watchdog.heart import PROCESS
from backend.watchdog.models import Heartbeat
from sync_protocol.local_time import local_time

DEAD_SECONDS = 120.0
"""A worker writes every ten seconds; without a write for so long it is dead, or cannot reach the database."""
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""`since` of the incident that no worker has ever run."""

DOORBELL = "doorbell"
"""The duty of a process of its own: it may be dead while the worker lives."""

ADVICE = {
    PROCESS: "start `satchel serve`, or `satchel serve --only worker`; its log says why the last one ended",
    DOORBELL: "check Redis and SATCHEL_REDIS_URL, and see the worker's log; until then the worker polls",
    "": "see the worker's log, and restart the worker",
}

DUTIES = {
    "forward": "sending to the ERP",
    "ingest": "reading the ERP",
    "maintenance": "maintenance",
    "alerts": "sending alerts about documents",
    "segments": "building segments",
    DOORBELL: "waking the worker through Redis",
}
"""What a duty does; several threads share one duty, as `forward-1` and `forward-2`."""


@dataclass(frozen=True)
class Late:
    """A worker or one of its duties that has given no sign of life for too long, or a part of one that fails.

    Attributes:
        worker: Its name; empty if no worker runs, or if it is not about one worker.
        duty: The duty; `process` for the worker as a whole, `ingest:customers` for one collection.
        since: When the incident began: the last sign of life, or the first of the failures.
        message: A sentence for the operator, without a full stop.
        own_advice: What the operator should do; empty: what `ADVICE` says about the duty.
    """

    worker: str
    duty: str
    since: dt.datetime
    message: str
    own_advice: str = ""

    @property
    def advice(self) -> str:
        """What the operator should do."""
        return self.own_advice or ADVICE.get(self.duty, ADVICE[""])


def read_heartbeats(session: Session) -> Sequence[Heartbeat]:
    """Return all heartbeats, by worker and duty."""
    return session.scalars(select(Heartbeat).order_by(Heartbeat.worker, Heartbeat.duty)).all()


def find_late(heartbeats: Iterable[Heartbeat], now: dt.datetime, seconds: float) -> list[Late]:
    """Return the dead workers, then the duties that have been late for *seconds*."""
    limit, dead_after = dt.timedelta(seconds=seconds), dt.timedelta(seconds=min(seconds, DEAD_SECONDS))
    workers: dict[str, dict[str, Heartbeat]] = defaultdict(dict)
    for row in heartbeats:
        workers[row.worker][row.duty] = row
    processes = {name: duties[PROCESS] for name, duties in workers.items() if PROCESS in duties}
    if all(row.ended_at is not None for row in processes.values()):
        return list(_nobody_runs(processes, now, dead_after))
    dead = [row for row in processes.values() if row.ended_at is None and _is_old(row.beat_at, now, dead_after)]
    living = [row for row in processes.values() if row.ended_at is None and row not in dead]
    late = [
        Late(
            row.worker,
            PROCESS,
            row.beat_at,
            f"the worker {row.worker} does not respond since {_text(row.beat_at)}",
        )
        for row in dead
    ]
    for process in living:
        for name, row in workers[process.worker].items():
            if name != PROCESS:
                late += _late_duty(row, process.beat_at, limit)
    return late


def _nobody_runs(processes: dict[str, Heartbeat], now: dt.datetime, limit: dt.timedelta) -> Iterator[Late]:
    if not processes:
        yield Late("", PROCESS, NEVER, "no worker has run yet: documents are stored, but not sent to the ERP")
        return
    stopped = max(row.ended_at or row.beat_at for row in processes.values())
    if _is_old(stopped, now, limit):
        message = f"no worker runs since {_text(stopped)}: documents are stored, but not sent to the ERP"
        yield Late("", PROCESS, stopped, message)


def _late_duty(row: Heartbeat, written_at: dt.datetime, limit: dt.timedelta) -> Iterator[Late]:
    """Yield the duty of *row* if it hangs or fails; *written_at* is when its worker last wrote."""
    what = DUTIES.get(row.duty.partition("-")[0], row.duty)
    if _is_old(row.beat_at, written_at, limit):
        verb = "does not respond" if row.duty == DOORBELL else "hangs"
        message = f"{what} ({row.duty} of {row.worker}) {verb} since {_text(row.beat_at)}"
        yield Late(row.worker, row.duty, row.beat_at, message)
    elif row.failing_since is not None and _is_old(row.failing_since, written_at, limit):
        message = f"{what} ({row.duty} of {row.worker}) fails since {_text(row.failing_since)}: {row.error}"
        yield Late(row.worker, row.duty, row.failing_since, message)


def _is_old(moment: dt.datetime, now: dt.datetime, limit: dt.timedelta) -> bool:
    """Say whether *moment* is older than *limit*. One of tomorrow was written while a clock was wrong."""
    return now - moment > limit or is_ahead(moment, now)


def _text(moment: dt.datetime) -> str:
    return local_time(moment, timespec="seconds")
