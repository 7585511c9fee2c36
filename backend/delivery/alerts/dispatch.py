"""Telling: once for each document, wait and channel, whatever happens in between.

An alert is a row before it is sent. It is marked as being sent, and that is committed; then it is sent. What
certainly was not received is tried again with growing pauses. What may have been received, because the line
broke or the worker died, is not sent again: it stays as unclear, and `satchel doctor` says so.
"""

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.bulk import insert_ignore
from backend.database.core import Sessions
from backend.delivery.alerts.message import Message, Waiting
from backend.delivery.alerts.notifiers import Notifier, NotSent
from backend.delivery.alerts.rule import AlertRule
from backend.delivery.models import Alert
from backend.delivery.park_reasons import advice_for, class_of, owner_of
from backend.inbox.models import Submission
from backend.inbox.submissions import title_of
from sync_protocol.submission import State

log = logging.getLogger(__name__)

TRIED = (State.QUEUED, State.SENDING, State.UNKNOWN)
"""States between which a document that the ERP does not take goes to and fro."""
WAITING = (State.PARKED, State.REJECTED, State.ON_HOLD, State.HANDED_OVER, State.RECEIVED, *TRIED)
"""States in which a document that has an owner waits for that owner."""
SENDING_FOR = dt.timedelta(minutes=10)
"""A message that has been on its way for longer has lost its worker."""
PAUSE = dt.timedelta(minutes=1)
MAX_TRIES = 8
_BATCH = 500


def send_alerts(sessions: Sessions, notifiers: Sequence[Notifier], rule: AlertRule, clock: Clock) -> int:
    """Note what has waited too long and tell of it; return how many messages were sent."""
    with sessions() as session, session.begin():
        _note(session, [channel.name for channel in notifiers], rule, clock.now())
        _give_up(session, clock.now())
    sent = 0
    for channel in notifiers:
        with sessions() as session, session.begin():
            messages = _due_messages(session, channel.name, clock.now())
        for message in messages:
            sent += _send(sessions, channel, message, clock)
    return sent


def _note(session: Session, channels: Sequence[str], rule: AlertRule, now: dt.datetime) -> None:
    """Make a row for each document, wait and channel that is over and has none."""
    rows = [
        {
            "submission_id": row.id, "since": _since(row), "after_seconds": int(wait.total_seconds()),
            "notifier": channel, "state": "due", "tries": 0, "due_at": now,
        }
        for row in _waiting(session)
        for wait in rule.waits(owner_of(row), class_of(row))
        if now - _since(row) >= wait
        for channel in channels
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


def _give_up(session: Session, now: dt.datetime) -> None:
    """Mark as unclear what a worker has taken and not reported on."""
    lost = session.scalars(
        update(Alert)
        .where(Alert.state == "sending", Alert.due_at <= now - SENDING_FOR)
        .values(state="unclear", error="the worker ended while it was sent")
        .returning(Alert.id)
    ).all()
    if lost:
        log.warning("%d alerts may not have been received; they are not sent again", len(lost))


def _due_messages(session: Session, channel: str, now: dt.datetime) -> list[Message]:
    """Take what is due on *channel*, as messages. What has moved on meanwhile is not told of any more."""
    rows = session.scalars(
        select(Alert)
        .where(Alert.notifier == channel, Alert.state == "due", Alert.due_at <= now)
        .order_by(Alert.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    found = {
        row.id: row
        for row in session.scalars(
            select(Submission).where(Submission.id.in_([alert.submission_id for alert in rows]))
        )
    }
    groups: dict[tuple[str, str], dict[str, Waiting]] = {}
    for alert in rows:
        row = found[alert.submission_id]
        if row.state not in WAITING or row.owner is None or _since(row) != alert.since:
            alert.state = "passed"
            continue
        alert.state, alert.due_at, alert.tries = "sending", now, alert.tries + 1
        one = _as_waiting(row)
        group = groups.setdefault((one.owner, one.error_class), {})
        told = group.get(row.id, one)
        group[row.id] = replace(told, alerts=(*told.alerts, alert.id))
    return [Message(*key, list(documents.values())) for key, documents in groups.items()]


def _as_waiting(row: Submission) -> Waiting:
    return Waiting(
        alerts=(), id=row.id, kind=row.kind, title=title_of(row), rep=row.rep, state=row.state,
        owner=owner_of(row), error_class=class_of(row), reason=row.reason or "", advice=advice_for(row),
        since=_since(row),
    )  # fmt: skip


def _since(row: Submission) -> dt.datetime:
    """Return since when *row* waits. Each try touches it, so what is tried waits since its first failure."""
    return row.first_failed_at if row.first_failed_at and row.state in TRIED else row.updated_at


def _send(sessions: Sessions, channel: Notifier, message: Message, clock: Clock) -> bool:
    now, state, error = clock.now(), "sent", None
    try:
        channel.send(message, now)
    except NotSent as refused:
        state, error = "due", str(refused)
        log.warning("an alert by %s was not sent, and is tried again: %s", channel.name, refused)
    except Exception as broken:
        state, error = "unclear", repr(broken)
        log.exception("an alert by %s may not have been received; it is not sent again", channel.name)
    ids = [alert for one in message.waiting for alert in one.alerts]
    with sessions() as session, session.begin():
        for alert in session.scalars(select(Alert).where(Alert.id.in_(ids), Alert.state == "sending")):
            alert.state, alert.error = state, error[:1000] if error else None
            if state == "due":
                alert.due_at = now + PAUSE * 2 ** min(alert.tries, 6)
                alert.state = "due" if alert.tries < MAX_TRIES else "failed"
    return state == "sent"
