"""Forwarding: claim a submission, run its errand, settle it. Exactly once is the sum of these:

the row is leased and fenced; every call is on disk before it is made; the ERP is asked for our key
before anything is created; an open outcome rests for the quiet period; only the newest claim settles; and
nothing is sent while our own memory may be older than what was sent (the hold).
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend import metrics
from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import breaker, sending_hold
from backend.delivery.connector_profile import CachedProfile, ConnectorProfile, configured_backoff
from backend.delivery.documents import ReceiptsOf
from backend.delivery.outage import OutageDetector
from backend.delivery.queue.acquire import acquire
from backend.delivery.queue.lease import Lease, LeaseLost
from backend.delivery.retry import Backoff
from backend.delivery.sending_hold import Hold
from backend.delivery.settle import settle, tell
from backend.delivery.transfer import Transfer
from backend.delivery.transition import Transition
from backend.erp.port import Connector
from backend.failpoints import failpoint
from backend.inbox.models import Submission
from backend.settings import Settings

log = logging.getLogger(__name__)


class Forwarder:
    """Forwards what is due through one connector. Not shared between threads; the connector is its own."""

    def __init__(
        self,
        sessions: Sessions,
        connector: Connector,
        *,
        clock: Clock,
        settings: Settings,
        worker: str,
        receipts_of: ReceiptsOf,
        backoff: Backoff | None = None,
    ) -> None:
        """*worker* names this thread in leases and attempts; *backoff* is for tests."""
        self.sessions, self.connector, self.clock = sessions, connector, clock
        self.settings, self.worker, self.receipts_of = settings, worker, receipts_of
        self.backoff = backoff or configured_backoff(settings)
        self.profile = CachedProfile(connector, clock, settings, self.backoff)
        self._logged_hold: Hold | None = None
        self._outage = OutageDetector()

    def drain(self, *, stop: Callable[[], bool] = lambda: False, seconds: float | None = None) -> int:
        """Forward until nothing is due, *stop* says so or *seconds* have passed; return how many were."""
        deadline = None if seconds is None else time.monotonic() + seconds

        def goes_on() -> bool:
            return not stop() and (deadline is None or time.monotonic() < deadline)

        done = 0
        mine: Lease | None = None
        while mine is not None or goes_on():
            if mine is None:
                mine, terms = self._begin()
            if mine is None or terms is None:
                break
            mine = self._forward(mine, terms, goes_on)
            done += 1
        return done

    def _begin(self) -> tuple[Lease | None, ConnectorProfile | None]:
        """Claim a submission in a transaction of its own; return it with the terms in force."""
        terms = self.profile.get()
        if terms is None:
            return None, None
        with self.sessions() as session, session.begin():
            mine = self._claim(session, terms)
        if mine is not None:
            failpoint("delivery.after_claim")
        return mine, terms

    def _claim(
        self, session: Session, terms: ConnectorProfile, also: Sequence[Submission] = ()
    ) -> Lease | None:
        """Claim what is next, if anything may be sent; publish that and *also*, as the last act."""
        if breaker.is_open(session, self.connector.name) or self._held(session):
            tell(session, also)
            return None
        return acquire(
            session,
            now=self.clock.now(),
            worker=self.worker,
            lease_seconds=terms.lease_seconds,
            kinds=terms.kinds,
            quiet_seconds=terms.quiet.total_seconds(),
            enforces_key=terms.enforces_key,
            max_in_flight=terms.max_in_flight,
            connector=self.connector.name,
            also=also,
        )

    def _held(self, session: Session) -> bool:
        held = sending_hold.check(session, self.clock.now())
        if held is not None and held != self._logged_hold:
            log.warning("%s; %s", held.message, sending_hold.NEXT_STEP)
        self._logged_hold = held
        return held is not None

    def _forward(self, mine: Lease, terms: ConnectorProfile, goes_on: Callable[[], bool]) -> Lease | None:
        """Forward *mine*. While *goes_on* says so, return the next one, claimed in the settling transaction."""
        errand = Transfer(
            mine,
            sessions=self.sessions,
            connector=self.connector,
            clock=self.clock,
            terms=terms,
            receipts_of=self.receipts_of,
        )
        try:
            fate = errand.run()
        except LeaseLost:
            metrics.LEASES_LOST.inc()
            log.warning("%s: %s has lost its claim %d and lets go of it", mine.id, self.worker, mine.fence)
            with self.sessions() as session, session.begin():
                errand.finish(session, self.clock.now())
            return None
        failpoint("delivery.before_settle")
        following = self._settle(mine, errand, fate, terms if goes_on() and self.profile.fresh() else None)
        failpoint("delivery.after_settle")
        return following

    def _stop(self, session: Session, mine: Lease, fate: Transition, now: dt.datetime) -> None:
        """Open the breaker where *fate* says that no other document would fare better."""
        silent = self._outage.record(mine.id, fate)
        name, raw = self.connector.name, fate.raw or ""
        if fate.opens_breaker:
            reason = fate.reason or "the connector's settings are wrong"
            breaker.trip(session, name, reason, raw, now=now, backoff=self.backoff)
        elif silent is not None:
            breaker.trip(
                session,
                name,
                silent,
                raw,
                now=now,
                backoff=self.backoff,
                retry_after=fate.retry_after,
                level=logging.WARNING,
            )

    def _settle(
        self, mine: Lease, errand: Transfer, fate: Transition, terms: ConnectorProfile | None
    ) -> Lease | None:
        """Settle *mine*; with *terms* claim what is next in the same transaction, and return it."""
        try:
            return self._settled(mine, errand, fate, terms)
        except OperationalError as error:
            # PostgreSQL ends one of two transactions that wait for each other. What the ERP has answered
            # must not be lost over that, or over a claim.
            log.warning("%s: settling is tried once more: %s", mine.id, error.orig)
            return self._settled(mine, errand, fate, None)

    def _settled(
        self, mine: Lease, errand: Transfer, fate: Transition, terms: ConnectorProfile | None
    ) -> Lease | None:
        now, following = self.clock.now(), None
        with self.sessions() as session, session.begin():
            self._stop(session, mine, fate, now)
            errand.finish(session, now)
            row = settle(session, mine, fate, connector=self.connector.name, now=now)
            done = [row] if row is not None else []
            if terms is not None:
                following = self._claim(session, terms, done)
            else:
                tell(session, done)
        if done:
            metrics.SETTLED.labels(done[0].state).inc()
            log.info("%s: %s %s", mine.id, fate.state.value, fate.erp_number or fate.reason or "")
        return following
