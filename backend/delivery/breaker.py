"""The breaker: one incident for a connector whose settings are wrong or whose ERP is away.

While it is open nothing is claimed, so documents stay queued and cost no try. It is probed with the
connector's `check()`, never with somebody's order.
"""

import datetime as dt
import logging

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.bulk import insert_ignore
from backend.database.core import Sessions
from backend.delivery.models import Breaker
from backend.delivery.retry import Backoff
from backend.delivery.transition import MAX_RAW
from backend.erp.errors import ErpError
from backend.erp.port import Connector

log = logging.getLogger(__name__)


_OPENED = select(Breaker.opened_at).where(Breaker.connector == bindparam("connector"))


def is_open(session: Session, connector: str) -> bool:
    """Say whether nothing may be sent through *connector* now."""
    return session.connection().scalar(_OPENED, {"connector": connector}) is not None


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
    """Open the breaker; return whether this call opened it (False: it was open, the incident is known).

    *retry_after* is when the ERP asked to come again, in seconds; the cap of *backoff* bounds it.
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
    """Return the connector's row, made if need be and held until the commit."""
    # Two workers may meet the first wrong setting at once; the second waits for the first one's row.
    insert_ignore(session, Breaker, {"connector": connector, "probes": 0, "incidents": 0}, ["connector"])
    return session.scalars(
        select(Breaker)
        .where(Breaker.connector == connector)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def probe(sessions: Sessions, connector: Connector, *, clock: Clock, backoff: Backoff) -> bool:
    """Ask an open connector's `check()` if its time has come; return whether the breaker closed."""
    now = clock.now()
    with sessions() as session, session.begin():
        row = session.get(Breaker, connector.name)
        if row is None or row.opened_at is None or row.probe_at is None or row.probe_at > now:
            return False
        opening = row.incidents
        # Whoever moves the time of the next probe has this one; the others see a later time.
        next_probe = now + dt.timedelta(seconds=backoff.ceiling(row.probes + 1))
        mine = session.execute(
            update(Breaker)
            .where(Breaker.connector == connector.name, Breaker.probe_at == row.probe_at)
            .values(probe_at=next_probe, probes=Breaker.probes + 1)
            .returning(Breaker.connector),
            execution_options={"synchronize_session": False},
        ).first()
    if mine is None:
        return False
    try:
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
        # A slow answer tells nothing of what has happened since it was asked for: another probe may have
        # closed the breaker, and another document opened it again.
        if row.opened_at is None or row.incidents != opening:
            return False
        if problems:
            row.raw = "; ".join(problems)[:MAX_RAW]
            return False
        log.warning("forwarding to %s goes on; it had stopped at %s", connector, row.opened_at)
        row.opened_at, row.probe_at, row.closed_at = None, None, now
        return True
