"""The web processes' own alert: a message when a worker, one of its duties or a collection is late.

It is sent once for each incident.

It cannot come from a worker, which may be the one that is dead. All web processes of all nodes look; a unique
row for each incident lets one of them send. As with other alerts, a message that may have been received is
not sent again.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import Clock, instant
from backend.database.bulk import insert_ignore
from backend.database.core import Sessions
from backend.delivery.alerts.attempt import mark_unknown, send
from backend.delivery.alerts.notifiers import Notifier
from backend.settings import Settings
from backend.watchdog.collections import find_failing
from backend.watchdog.late import Late, find_late, read_heartbeats
from backend.watchdog.models import WorkerAlert

KEPT = dt.timedelta(days=90)
OWNER = "it"


@dataclass(frozen=True)
class LateMessage:
    """What one e-mail or webhook says about late workers and collections."""

    alerts: tuple[int, ...]
    late: Sequence[Late]
    owner: str = OWNER

    @property
    def id(self) -> str:
        """The same for the same alerts, so that a receiver can recognize a repeated message."""
        return hashlib.sha256(",".join(f"worker {alert}" for alert in self.alerts).encode()).hexdigest()[:32]

    @property
    def subject(self) -> str:
        """The subject of an e-mail."""
        return f"Satchel: {self.late[0].message}"

    def text(self, now: dt.datetime) -> str:
        """Return the text of an e-mail."""
        lines = [line for late in self.late for line in (f"{late.message}.", f"  What to do: {late.advice}.")]
        return "\n".join([*lines, "", "satchel doctor", ""])

    def as_json(self, now: dt.datetime) -> bytes:
        """Return the body of a webhook: {id, type, owner, sent_at, late: [{worker, duty, since, …}]}."""
        late = [
            {
                "worker": each.worker, "duty": each.duty, "since": instant(each.since),
                "message": each.message, "advice": each.advice,
            }
            for each in self.late
        ]  # fmt: skip
        body = {
            "id": self.id, "type": "worker_late", "owner": self.owner, "sent_at": instant(now), "late": late,
        }  # fmt: skip
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    def log_lines(self) -> list[str]:
        """Return a line for each late worker or duty."""
        return [f"{each.message}; {each.advice}" for each in self.late]


def send_late_alerts(
    sessions: Sessions, notifiers: Sequence[Notifier], clock: Clock, settings: Settings
) -> int:
    """Send a message about what is late by *settings*, unless one was sent; return how many were sent."""
    now = clock.now()
    with sessions() as session, session.begin():
        late = find_late(read_heartbeats(session), now, settings.worker_late_seconds)
        late += find_failing(session, now, settings.collection_late_seconds, settings.sweep_seconds)
        _insert(session, late, notifiers, now)
    mark_unknown(sessions, WorkerAlert, now)
    sent = 0
    for notifier in notifiers if late else ():
        with sessions() as session, session.begin():
            message = _due_message(session, notifier.name, late, now)
        if message is not None:
            sent += send(sessions, WorkerAlert, message.alerts, notifier, message, clock)
    return sent


def _insert(session: Session, late: Sequence[Late], notifiers: Sequence[Notifier], now: dt.datetime) -> None:
    known = {
        (row.worker, row.duty, row.since, row.notifier)
        for row in session.scalars(select(WorkerAlert).where(WorkerAlert.due_at > now - KEPT))
    }
    rows = [
        {
            "worker": each.worker, "duty": each.duty, "since": each.since, "notifier": notifier.name,
            "state": "due", "tries": 0, "due_at": now,
        }
        for each in late
        for notifier in notifiers
        if (each.worker, each.duty, each.since, notifier.name) not in known
    ]  # fmt: skip
    if rows:
        insert_ignore(session, WorkerAlert, rows, ["worker", "duty", "since", "notifier"])


def _due_message(session: Session, notifier: str, late: Sequence[Late], now: dt.datetime) -> LateMessage | None:
    """Mark the due alerts about *late* as `sending`, and return them as one message; None if there is none."""
    current = {(each.worker, each.duty, each.since): each for each in late}
    rows = session.scalars(
        select(WorkerAlert)
        .where(WorkerAlert.notifier == notifier, WorkerAlert.state == "due", WorkerAlert.due_at <= now)
        .order_by(WorkerAlert.id)
        .with_for_update(skip_locked=True)
    ).all()
    due = [row for row in rows if (row.worker, row.duty, row.since) in current]
    for row in due:
        row.state, row.due_at, row.tries = "sending", now, row.tries + 1
    if not due:
        return None
    return LateMessage(tuple(row.id for row in due), [current[row.worker, row.duty, row.since] for row in due])
