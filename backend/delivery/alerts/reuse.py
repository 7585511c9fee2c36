"""Alert about a reused refresh token: two holders of one phone's key, so one of them may be a thief.

The refresh itself only marks the device; a worker sends the message, once for each reuse and notifier. As with
other alerts, a message that may have been received is not sent again.
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
from backend.delivery.models import ReuseAlert
from backend.identity.models import Device

NEW_FOR = dt.timedelta(days=7)
"""A reuse that is older gets no alert any more, for example after a notifier was configured."""
OWNER = "it"


@dataclass(frozen=True)
class ReuseMessage:
    """What one e-mail or webhook says about one device."""

    alert: int
    device: str
    rep: str
    name: str
    since: dt.datetime
    owner: str = OWNER

    @property
    def id(self) -> str:
        """The same for the same alert, so that a receiver can recognize a repeated message."""
        return hashlib.sha256(f"reuse {self.alert}".encode()).hexdigest()[:32]

    @property
    def subject(self) -> str:
        """The subject of an e-mail."""
        return f"Satchel: a replaced refresh token of rep {self.rep} was used again"

    @property
    def message(self) -> str:
        """A sentence for the operator, without a full stop."""
        return (
            f"a replaced refresh token of the device {self.device} ({self.name}) of rep {self.rep} was used "
            f"again at {instant(self.since)}, with the device's key; the device must enrol again"
        )

    @property
    def advice(self) -> str:
        """What the operator should do."""
        return (
            f"ask the rep whether the phone was restored or copied: if so, `satchel rep code {self.rep} "
            f"--device {self.device}` keeps its outbox; if not, `satchel rep revoke {self.device}`"
        )

    def text(self, now: dt.datetime) -> str:
        """Return the text of an e-mail."""
        return f"{self.message[0].upper()}{self.message[1:]}.\nWhat to do: {self.advice}.\n"

    def as_json(self, now: dt.datetime) -> bytes:
        """Return the body of a webhook: {id, type, owner, sent_at, device, rep, since, message, advice}."""
        body = {
            "id": self.id, "type": "refresh_token_reused", "owner": self.owner, "sent_at": instant(now),
            "device": self.device, "rep": self.rep, "since": instant(self.since), "message": self.message,
            "advice": self.advice,
        }  # fmt: skip
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    def log_lines(self) -> list[str]:
        """Return the line for the log."""
        return [f"{self.message}; {self.advice}"]


def send_reuse_alerts(sessions: Sessions, notifiers: Sequence[Notifier], clock: Clock) -> int:
    """Send a message about each reuse that has none yet; return how many were sent."""
    now = clock.now()
    with sessions() as session, session.begin():
        _insert(session, notifiers, now)
    mark_unknown(sessions, ReuseAlert, now)
    sent = 0
    for notifier in notifiers:
        with sessions() as session, session.begin():
            messages = _due_messages(session, notifier.name, now)
        for message in messages:
            sent += send(sessions, ReuseAlert, [message.alert], notifier, message, clock)
    return sent


def _insert(session: Session, notifiers: Sequence[Notifier], now: dt.datetime) -> None:
    noticed = session.execute(
        select(Device.id, Device.reuse_noticed_at).where(Device.reuse_noticed_at > now - NEW_FOR)
    )
    rows = [
        {
            "device": row.id, "since": row.reuse_noticed_at, "notifier": notifier.name, "state": "due",
            "tries": 0, "due_at": now,
        }
        for row in noticed
        for notifier in notifiers
    ]  # fmt: skip
    if rows:
        insert_ignore(session, ReuseAlert, rows, ["device", "since", "notifier"])


def _due_messages(session: Session, notifier: str, now: dt.datetime) -> list[ReuseMessage]:
    """Mark the due alerts of *notifier* as `sending`, and return a message for each."""
    rows = session.execute(
        select(ReuseAlert, Device)
        .join(Device, Device.id == ReuseAlert.device)
        .where(ReuseAlert.notifier == notifier, ReuseAlert.state == "due", ReuseAlert.due_at <= now)
        .order_by(ReuseAlert.id)
        .with_for_update(of=ReuseAlert, skip_locked=True)
    ).all()
    for alert, _ in rows:
        alert.state, alert.due_at, alert.tries = "sending", now, alert.tries + 1
    return [ReuseMessage(alert.id, device.id, device.rep, device.name, alert.since) for alert, device in rows]
