"""Dispatch: send each alert once for each document, wait and notifier, whatever fails in between.

An alert is a row before it is sent. It is marked as `sending`, and that is committed; then it is sent. If it
was certainly not received, it is tried again with growing pauses. If it may have been received, because the
connection broke or the worker died, it is not sent again: it stays `unknown`, and `satchel doctor` says so.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.bulk import insert_ignore
from backend.database.core import Sessions
from backend.delivery.alerts.attempt import mark_unknown, send
from backend.delivery.alerts.message import Message, Waiting
from backend.delivery.alerts.notifiers import Notifier
from backend.delivery.alerts.rule import AlertRule
from backend.delivery.models import Alert
from backend.delivery.park_reasons import advice_for, class_of, owner_of
from backend.inbox.models import Submission
from backend.inbox.records import title_of
from sync_protocol.submission import State

TRIED = (State.QUEUED, State.SENDING, State.UNKNOWN)
"""States between which a document alternates while the ERP does not accept it."""
WAITING = (State.PARKED, State.REJECTED, State.ON_HOLD, State.HANDED_OVER, State.RECEIVED, *TRIED)
"""States in which a document with an owner waits for that owner."""
_BATCH = 500


def send_alerts(sessions: Sessions, notifiers: Sequence[Notifier], rule: AlertRule, clock: Clock) -> int:
    """Send messages about documents that have waited too long; return how many were sent."""
    with sessions() as session, session.begin():
        _insert_due_alerts(session, [notifier.name for notifier in notifiers], rule, clock.now())
    mark_unknown(sessions, Alert, clock.now())
    sent = 0
    for notifier in notifiers:
        with sessions() as session, session.begin():
            messages = _due_messages(session, notifier.name, clock.now())
        for message in messages:
            alerts = [alert for document in message.waiting for alert in document.alerts]
            sent += send(sessions, Alert, alerts, notifier, message, clock)
    return sent


def _insert_due_alerts(session: Session, notifiers: Sequence[str], rule: AlertRule, now: dt.datetime) -> None:
    """Insert an alert for each document, wait that is over, and notifier, unless it exists."""
    rows = [
        {
            "submission_id": row.id, "since": _since(row), "after_seconds": int(wait.total_seconds()),
            "notifier": notifier, "state": "due", "tries": 0, "due_at": now,
        }
        for row in _waiting(session)
        for wait in rule.waits(owner_of(row), class_of(row))
        if now - _since(row) >= wait
        for notifier in notifiers
    ]  # fmt: skip
    key = ["submission_id", "since", "after_seconds", "notifier"]
    for start in range(0, len(rows), _BATCH):
        insert_ignore(session, Alert, rows[start : start + _BATCH], key)


def _waiting(session: Session) -> Sequence[Submission]:
    return session.scalars(
        select(Submission).where(
            Submission.state.in_([state.value for state in WAITING]), Submission.owner.is_not(None)
        )
    ).all()


def _due_messages(session: Session, notifier: str, now: dt.datetime) -> list[Message]:
    """Mark the alerts that are due for *notifier* as `sending`, and return them as messages.

    An alert whose document has changed meanwhile is not sent any more.
    """
    rows = session.scalars(
        select(Alert)
        .where(Alert.notifier == notifier, Alert.state == "due", Alert.due_at <= now)
        .order_by(Alert.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    documents = {
        row.id: row
        for row in session.scalars(
            select(Submission).where(Submission.id.in_([alert.submission_id for alert in rows]))
        )
    }
    groups: dict[tuple[str, str], dict[str, Waiting]] = {}
    for alert in rows:
        row = documents[alert.submission_id]
        if row.state not in WAITING or row.owner is None or _since(row) != alert.since:
            alert.state = "passed"
            continue
        alert.state, alert.due_at, alert.tries = "sending", now, alert.tries + 1
        waiting = _as_waiting(row)
        group = groups.setdefault((waiting.owner, waiting.error_class), {})
        waiting = group.get(row.id, waiting)
        group[row.id] = replace(waiting, alerts=(*waiting.alerts, alert.id))
    return [Message(*key, list(group.values())) for key, group in groups.items()]


def _as_waiting(row: Submission) -> Waiting:
    return Waiting(
        alerts=(), id=row.id, kind=row.kind, title=title_of(row), rep=row.rep, state=row.state,
        owner=owner_of(row), error_class=class_of(row), reason=row.reason or "", raw=_words_of_erp(row),
        advice=advice_for(row), since=_since(row),
    )  # fmt: skip


def _words_of_erp(row: Submission) -> str:
    """Return the ERP's own words about *row*: the office and IT must know what to correct.

    Empty if the rep must act, who gets only the sentence that was written for reps.
    """
    raw = row.raw_reason or ""
    return "" if owner_of(row) == "rep" or raw == row.reason else raw


def _since(row: Submission) -> dt.datetime:
    """Return since when *row* waits. Each try updates it, so a tried document waits since its first failure."""
    return row.first_failed_at if row.first_failed_at and row.state in TRIED else row.updated_at
