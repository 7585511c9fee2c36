"""One attempt to send a message: the rows of its alerts, whatever the alerts are about.

An alert is committed as `sending` before it is sent. If it was certainly not received, it is due again after a
growing pause. If it may have been received, it becomes `unknown` and is not sent again.
"""

import datetime as dt
import logging
from collections.abc import Sequence

from sqlalchemy import select, update

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery.alerts.notifiers import Message, Notifier, NotSent
from backend.delivery.models import AlertDelivery
from backend.retry import Backoff

log = logging.getLogger(__name__)

SENDING_FOR = dt.timedelta(minutes=10)
"""If a message is in state `sending` for longer, its process has died."""
PAUSES = Backoff(base=60.0, cap=64 * 60.0)
MAX_TRIES = 8


def mark_unknown(sessions: Sessions, model: type[AlertDelivery], now: dt.datetime) -> int:
    """Mark as `unknown` the alerts whose process died while it sent them; return how many there are."""
    with sessions() as session, session.begin():
        ids = session.scalars(
            update(model)
            .where(model.state == "sending", model.due_at <= now - SENDING_FOR)
            .values(state="unknown", error="the process ended while it was sent")
            .returning(model.id)
        ).all()
    if ids:
        log.warning("%d alerts may not have been received; they are not sent again", len(ids))
    return len(ids)


def send(
    sessions: Sessions,
    model: type[AlertDelivery],
    alerts: Sequence[int],
    notifier: Notifier,
    message: Message,
    clock: Clock,
) -> bool:
    """Send *message* and store the result in the rows *alerts* of *model*; return whether it was sent.

    The rows are in state `sending`. One that is not any more, because sending took longer than `SENDING_FOR`,
    stays `unknown`.
    """
    now, state, error = clock.now(), "sent", None
    try:
        notifier.send(message, now)
    except NotSent as failure:
        state, error = "due", str(failure)
        log.warning("an alert by %s was not sent, and is tried again: %s", notifier.name, failure)
    except Exception as failure:
        state, error = "unknown", repr(failure)
        log.exception("an alert by %s may not have been received; it is not sent again", notifier.name)
    with sessions() as session, session.begin():
        for alert in session.scalars(select(model).where(model.id.in_(alerts), model.state == "sending")):
            alert.state, alert.error = state, error[:1000] if error else None
            if state == "due":
                alert.due_at = now + dt.timedelta(seconds=PAUSES.ceiling(alert.tries))
                alert.state = "due" if alert.tries < MAX_TRIES else "failed"
    return state == "sent"
