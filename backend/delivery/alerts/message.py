"""Message: the documents that wait for one owner because of one class, as text and as JSON."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from backend.clock import instant
from backend.delivery.park_reasons import PARK_REASONS
from sync_protocol.readable import readable

MAX_LISTED = 50
MAX_RAW_SHOWN = 500
"""Characters of the ERP's own words in an e-mail or a line of the log; a webhook gets all that are stored."""


@dataclass(frozen=True)
class Waiting:
    """One document in a message."""

    alerts: tuple[int, ...]
    """Ids of alerts. More than one if two waits are over at once, as after a weekend."""
    id: str
    kind: str
    title: str
    rep: str
    state: str
    owner: str
    error_class: str
    reason: str
    """The sentence that the rep reads too."""
    raw: str
    """The ERP's own words, which the rep does not read; empty if there are none or they repeat *reason*."""
    advice: str
    since: dt.datetime


@dataclass(frozen=True)
class Message:
    """What one owner reads in one e-mail or webhook."""

    owner: str
    error_class: str
    waiting: Sequence[Waiting]

    @property
    def id(self) -> str:
        """The same for the same alerts, so that a receiver can recognize a repeated message."""
        alerts = ",".join(str(alert) for document in self.waiting for alert in document.alerts)
        return hashlib.sha256(alerts.encode()).hexdigest()[:32]

    @property
    def subject(self) -> str:
        """The subject of an e-mail."""
        count = len(self.waiting)
        return f"Satchel: {count} document{'' if count == 1 else 's'} for {self.owner} ({self.error_class})"

    def text(self, now: dt.datetime) -> str:
        """Return the text of an e-mail."""
        park_reason = PARK_REASONS[self.error_class]
        lines = [f"{park_reason.meaning} What to do: {park_reason.advice}", ""]
        for document in self.waiting[:MAX_LISTED]:
            hours = int((now - document.since).total_seconds() // 3600)
            lines += [
                f"{document.title}, {document.id}, rep {document.rep}, {document.state}, waits for {hours} h",
                f"  {document.reason}",
                *([f"  The ERP's own words: {_one_line(document.raw)}"] if document.raw else []),
                *([f"  What to do: {document.advice}"] if document.advice != park_reason.advice else []),
            ]
        if len(self.waiting) > MAX_LISTED:
            lines.append(f"and {len(self.waiting) - MAX_LISTED} more")
        return "\n".join([*lines, "", "satchel parked list", ""])

    def log_lines(self) -> list[str]:
        """Return a line for each document."""
        return [
            f"{each.id} waits for {each.owner} ({each.error_class}): "
            + " | ".join(filter(None, (each.reason, _one_line(each.raw))))
            for each in self.waiting
        ]

    def as_json(self, now: dt.datetime) -> bytes:
        """Return the body of a webhook: {id, type, owner, class, sent_at, documents: [{id, kind, …}]}."""
        documents = [
            {
                "id": document.id, "kind": document.kind, "title": document.title, "rep": document.rep,
                "state": document.state, "reason": document.reason, "raw": document.raw,
                "advice": document.advice, "since": instant(document.since),
            }
            for document in self.waiting
        ]  # fmt: skip
        body = {
            "id": self.id, "type": "documents_waiting", "owner": self.owner, "class": self.error_class,
            "sent_at": instant(now), "documents": documents,
        }  # fmt: skip
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _one_line(text: str) -> str:
    """Return *text* as one readable line: it is the ERP's, and a line break in it could pass for ours."""
    return readable(" ".join(text.split()), MAX_RAW_SHOWN)
