"""Forwarding: claim a submission, run its errand, settle it. Exactly once is the sum of these:

the row is leased and fenced; every call is on disk before it is made; the ERP is asked for our key
before anything is created; an open outcome rests for the quiet period; only the newest claim settles; and
nothing is sent while our own memory may be older than what was sent (the hold).
"""

import datetime as dt
import logging
import time
from collections.abc import Callable

from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.db import Sessions
from backend.delivery import breaker, hold
from backend.delivery.attempts import LostClaim
from backend.delivery.claims import Claim, claim
from backend.delivery.documents import ReceiptsOf
from backend.delivery.errand import Errand
from backend.delivery.fates import Fate
from backend.delivery.hold import Hold
from backend.delivery.retry import Backoff
from backend.delivery.settle import settle
from backend.delivery.silence import Silence
from backend.delivery.terms import CurrentTerms, Terms, backoff_of
from backend.erp.port import Connector
from backend.failpoints import failpoint
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
        self.backoff = backoff or backoff_of(settings)
        self.terms = CurrentTerms(connector, clock, settings, self.backoff)
        self._told: Hold | None = None
        self._silence = Silence()

    def forward_next(self) -> bool:
        """Claim and forward one submission; return False if none is due or nothing may be sent."""
        terms = self.terms.get()
        if terms is None:
            return False
        with self.sessions() as session, session.begin():
            if breaker.is_open(session, self.connector.name) or self._held(session):
                return False
            mine = claim(
                session,
                now=self.clock.now(),
                worker=self.worker,
                lease_seconds=terms.lease_seconds,
                kinds=terms.kinds,
                quiet_seconds=terms.quiet.total_seconds(),
                enforces_key=terms.enforces_key,
                writers=terms.writers,
            )
        if mine is None:
            return False
        failpoint("delivery.after_claim")
        self._forward(mine, terms)
        return True

    def _held(self, session: Session) -> bool:
        held = hold.noticed(session, self.clock.now())
        if held is not None and held != self._told:
            log.warning("%s; %s", held.words, hold.NEXT_STEP)
        self._told = held
        return held is not None

    def drain(self, *, stop: Callable[[], bool] = lambda: False, seconds: float | None = None) -> int:
        """Forward until nothing is due, *stop* says so or *seconds* have passed; return how many were."""
        deadline = None if seconds is None else time.monotonic() + seconds
        done = 0
        while not stop() and (deadline is None or time.monotonic() < deadline) and self.forward_next():
            done += 1
        return done

    def _forward(self, mine: Claim, terms: Terms) -> None:
        errand = Errand(
            mine,
            sessions=self.sessions,
            connector=self.connector,
            clock=self.clock,
            terms=terms,
            receipts_of=self.receipts_of,
        )
        try:
            fate = errand.run()
        except LostClaim:
            log.warning("%s: %s has lost its claim %d and lets go of it", mine.id, self.worker, mine.fence)
            with self.sessions() as session, session.begin():
                errand.finish(session, self.clock.now())
            return
        failpoint("delivery.before_settle")
        self._settle(mine, errand, fate)
        failpoint("delivery.after_settle")

    def _stop(self, session: Session, mine: Claim, fate: Fate, now: dt.datetime) -> None:
        """Open the breaker where *fate* says that no other document would fare better."""
        silent = self._silence.after(mine.id, fate)
        name, raw = self.connector.name, fate.raw or ""
        if fate.trips:
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

    def _settle(self, mine: Claim, errand: Errand, fate: Fate) -> None:
        now = self.clock.now()
        with self.sessions() as session, session.begin():
            self._stop(session, mine, fate, now)
            errand.finish(session, now)
            settled = settle(session, mine, fate, connector=self.connector.name, now=now)
        if settled:
            log.info("%s: %s %s", mine.id, fate.state.value, fate.erp_number or fate.reason or "")
