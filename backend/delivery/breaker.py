"""Breaker: one incident for a connector whose settings are wrong or whose ERP is down, and what opens it.

While it is open nothing is leased, so documents stay queued and no try is counted. It is probed with the
connector's `check()`, never with a document.
"""

import datetime as dt
import logging

from sqlalchemy import ColumnElement, bindparam, exists, select, update
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.bulk import insert_ignore
from backend.database.core import Sessions
from backend.delivery.models import Breaker
from backend.delivery.transition import Transition
from backend.erp.call_metrics import measured
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.inbox.state_change import MAX_RAW
from backend.retry import Backoff

log = logging.getLogger(__name__)

MAX_UNANSWERED = 3
"""How many different documents in a row may get no answer, in one thread."""


def opened() -> ColumnElement[bool]:
    """Return the SQL condition that sending through the connector of the parameter `through` is stopped."""
    return exists().where(Breaker.connector == bindparam("through"), Breaker.opened_at.is_not(None))


def is_open(session: Session, connector: str) -> bool:
    """Say whether sending through *connector* is stopped."""
    return bool(session.scalar(select(opened()), {"through": connector}))


def trip(
    session: Session,
    connector: str,
    reason: str,
    raw: str,
    *,
    now: dt.datetime,
    backoff: Backoff,
    retry_after: float | None = None,
    level: int = logging.ERROR,
) -> bool:
    """Open the breaker; return whether this call opened it (False: it was open, and the incident is known).

    Args:
        reason: for the operator, with what to do.
        raw: the ERP's own message.
        retry_after: when the ERP asked to be called again, in seconds; at most the cap of *backoff*.
    """
    row = _locked(session, connector)
    if row.opened_at is not None:
        return False
    row.opened_at, row.reason, row.raw = now, reason, raw[:MAX_RAW]
    row.probes, row.incidents = 0, row.incidents + 1
    wait = backoff.ceiling(0) if retry_after is None else min(max(retry_after, 0.0), backoff.cap)
    row.probe_at = now + dt.timedelta(seconds=wait)
    session.flush()
    log.log(level, "forwarding to %s is stopped: %s", connector, reason)
    return True


def _locked(session: Session, connector: str) -> Breaker:
    """Return the connector's row, created if it is missing, and locked until the commit."""
    # Two workers may meet the first wrong setting at once; the second waits for the row of the first.
    insert_ignore(session, Breaker, {"connector": connector, "probes": 0, "incidents": 0}, ["connector"])
    return session.scalars(
        select(Breaker)
        .where(Breaker.connector == connector)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def probe(sessions: Sessions, connector: Connector, *, clock: Clock, backoff: Backoff) -> bool:
    """Call `check()` of a connector whose breaker is open, if a probe is due; return whether it closed."""
    now = clock.now()
    with sessions() as session, session.begin():
        row = session.get(Breaker, connector.name)
        if row is None or row.opened_at is None or row.probe_at is None or row.probe_at > now:
            return False
        opening = row.incidents
        # The worker that moves the time of the next probe makes this one; the others see a later time.
        next_probe = now + dt.timedelta(seconds=backoff.ceiling(row.probes + 1))
        moved = session.execute(
            update(Breaker)
            .where(Breaker.connector == connector.name, Breaker.probe_at == row.probe_at)
            .values(probe_at=next_probe, probes=Breaker.probes + 1)
            .returning(Breaker.connector),
            execution_options={"synchronize_session": False},
        ).first()
    if moved is None:
        return False
    try:
        with measured(connector.name, "check"):
            problems = connector.check().problems
    except ErpError as error:
        problems = (error.message,)
    except Exception as error:
        log.exception("check() of %s failed", connector.name)
        problems = (f"check() failed: {error!r}",)
    return _conclude(sessions, connector.name, opening, problems, clock.now())


def _conclude(
    sessions: Sessions, connector: str, opening: int, problems: tuple[str, ...], now: dt.datetime
) -> bool:
    with sessions() as session, session.begin():
        row = _locked(session, connector)
        # A slow answer says nothing about what happened after the question: another probe may have closed the
        # breaker, and another document opened it again.
        if row.opened_at is None or row.incidents != opening:
            return False
        if problems:
            row.raw = "; ".join(problems)[:MAX_RAW]
            return False
        log.warning("forwarding to %s continues; it had stopped at %s", connector, row.opened_at)
        row.opened_at, row.probe_at, row.closed_at = None, None, now
        return True


class OutageDetector:
    """Notices that the ERP as a whole does not answer. One for each forwarding thread.

    One document without an answer says nothing about the others: it may be the one that the ERP fails on.
    Several different ones in a row do, and so does an ERP that asks for a pause (Retry-After).
    """

    def __init__(self) -> None:
        self._unanswered: set[str] = set()

    def record(self, id: str, transition: Transition) -> str | None:
        """Return why sending should stop after *transition* of the document *id*, None if it may continue."""
        if not transition.no_answer:
            self._unanswered.clear()
            return None
        self._unanswered.add(id)
        message = transition.operator_message or transition.reason
        if transition.retry_after is not None:
            return f"the ERP asks for a pause of {transition.retry_after:g} seconds: {message}"
        if len(self._unanswered) < MAX_UNANSWERED:
            return None
        return f"{len(self._unanswered)} documents in a row got no answer: {message}"
