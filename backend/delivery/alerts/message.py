"""A message: what waits for one owner for one cause, and for how long, for a person and for a machine."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from backend.clock import instant
from backend.delivery.park_reasons import PARK_REASONS

MAX_LISTED = 50


@dataclass(frozen=True)
class Waiting:
    """One document in a message."""

    alerts: tuple[int, ...]
    """More than one where two waits are over at once, as after a weekend."""
    id: str
    kind: str
    title: str
    rep: str
    state: str
    owner: str
    error_class: str
    reason: str
    advice: str
    since: dt.datetime


@dataclass(frozen=True)
class Message:
    """What one owner is told at once."""

    owner: str
    error_class: str
    waiting: Sequence[Waiting]

    @property
    def id(self) -> str:
        """A name that is the same whenever the same alerts are told of."""
        alerts = ",".join(str(alert) for one in self.waiting for alert in one.alerts)
        return hashlib.sha256(alerts.encode()).hexdigest()[:32]

    @property
    def subject(self) -> str:
        """The subject of an e-mail."""
        count = len(self.waiting)
        return f"Satchel: {count} document{'' if count == 1 else 's'} for {self.owner} ({self.error_class})"

    def text(self, now: dt.datetime) -> str:
        """Return the text of an e-mail."""
        cause = PARK_REASONS[self.error_class]
        lines = [f"{cause.meaning} What to do: {cause.advice}", ""]
        for one in self.waiting[:MAX_LISTED]:
            hours = int((now - one.since).total_seconds() // 3600)
            lines += [
                f"{one.title}, {one.id}, rep {one.rep}, {one.state}, waits for {hours} h",
                f"  {one.reason}",
                *([f"  What to do: {one.advice}"] if one.advice != cause.advice else []),
            ]
        if len(self.waiting) > MAX_LISTED:
            lines.append(f"and {len(self.waiting) - MAX_LISTED} more")
        return "\n".join([*lines, "", "satchel parked list", ""])

    def as_json(self, now: dt.datetime) -> bytes:
        """Return the body of a webhook."""
        documents = [
            {
                "id": one.id, "kind": one.kind, "title": one.title, "rep": one.rep, "state": one.state,
                "reason": one.reason, "advice": one.advice, "since": instant(one.since),
            }
            for one in self.waiting
        ]  # fmt: skip
        body = {
            "id": self.id, "type": "documents_waiting", "owner": self.owner, "class": self.error_class,
            "sent_at": instant(now), "documents": documents,
        }  # fmt: skip
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
