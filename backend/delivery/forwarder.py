"""Forwarder: lease a submission, transfer it, settle it. Exactly once is the sum of these rules:

- The row is leased, and the lease has a fence.
- Every call is on disk before it is made.
- The ERP is asked for our key before anything is created.
- A document with an unknown outcome waits for the quiet period.
- Only the newest lease settles.
- Nothing is sent while our database may be older than what was sent (the hold).
"""

import datetime as dt
import logging
import time
from collections.abc import Callable

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend import metrics
from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import breaker, sending_hold
from backend.delivery.attempts import AttemptLog, first_attempt
from backend.delivery.breaker import OutageDetector
from backend.delivery.connector_profile import CachedProfile, ConnectorProfile, configured_backoff
from backend.delivery.documents import ReceiptsOf
from backend.delivery.may_send import look
from backend.delivery.queue.acquire import acquire
from backend.delivery.queue.lease import LeaseLost
from backend.delivery.sending_hold import Hold
from backend.delivery.transfer import Transfer
from backend.delivery.transition import Transition
from backend.erp.port import Connector
from backend.failpoints import failpoint
from backend.inbox.models import Submission
from backend.inbox.settle import settle
from backend.retry import Backoff
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
        """Forward until nothing is due, *stop* returns True, or *seconds* have passed; return how many."""
        deadline = None if seconds is None else time.monotonic() + seconds

        def may_continue() -> bool:
            return not stop() and (deadline is None or time.monotonic() < deadline)

        done = 0
        leased: AttemptLog | None = None
        while leased is not None or may_continue():
            if leased is None:
                leased, profile = self._begin()
            if leased is None or profile is None:
                break
            leased = self._forward(leased, profile, may_continue)
            done += 1
        return done

    def _begin(self) -> tuple[AttemptLog | None, ConnectorProfile | None]:
        """Lease a submission in a transaction of its own; return its attempts and the profile in force."""
        profile = self.profile.get()
        if profile is None:
            return None, None
        with self.sessions() as session, session.begin():
            leased = self._acquire(session, profile)
        if leased is not None:
            failpoint("delivery.after_lease")
        return leased, profile

    def _acquire(self, session: Session, profile: ConnectorProfile) -> AttemptLog | None:
        """Lease what is next, if anything may be sent, and write down its first attempt."""
        now = self.clock.now()
        sending = look(session, self.connector.name, now)
        if sending.breaker_is_open or self._on_hold(session, sending.no_hold):
            return None
        lease = acquire(
            session,
            now=now,
            worker=self.worker,
            lease_seconds=profile.lease_seconds,
            kinds=profile.kinds,
            quiet_seconds=profile.quiet.total_seconds(),
            enforces_key=profile.enforces_key,
            max_in_flight=profile.max_in_flight,
            first_attempt=lambda row: first_attempt(row, self.connector.name, now),
            expired=sending.leases_have_ended,
        )
        return None if lease is None else AttemptLog(lease, self.connector.name, self.clock)

    def _on_hold(self, session: Session, no_hold: bool) -> bool:
        hold = None if no_hold else sending_hold.begin_or_find(session, self.clock.now())
        if hold is not None and hold != self._logged_hold:
            log.warning("%s. Next: %s", hold.message, sending_hold.NEXT_STEP)
        self._logged_hold = hold
        return hold is not None

    def _forward(
        self, attempts: AttemptLog, profile: ConnectorProfile, may_continue: Callable[[], bool]
    ) -> AttemptLog | None:
        """Forward one submission; return the next one, leased in the settling transaction.

        None where *may_continue* says no, the profile is too old, or nothing is due.
        """
        transfer = Transfer(
            attempts,
            sessions=self.sessions,
            connector=self.connector,
            profile=profile,
            receipts_of=self.receipts_of,
        )
        try:
            transition = transfer.run()
        except LeaseLost:
            lease = attempts.lease
            metrics.LEASES_LOST.labels("sending").inc()
            log.warning("%s: %s has lost its lease %d and stops", lease.id, self.worker, lease.fence)
            with self.sessions() as session, session.begin():
                attempts.close(session)
            return None
        failpoint("delivery.before_settle")
        following = self._settle(
            attempts, transition, profile if may_continue() and self.profile.fresh() else None
        )
        failpoint("delivery.after_settle")
        return following

    def _settle(
        self, attempts: AttemptLog, transition: Transition, profile: ConnectorProfile | None
    ) -> AttemptLog | None:
        """Settle *transition*; with *profile* lease what is next in the same transaction, and return it."""
        try:
            return self._settle_once(attempts, transition, profile)
        except OperationalError as error:
            # PostgreSQL aborts one of two transactions that wait for each other. The ERP's answer must not be
            # lost because of that, nor because of the next lease.
            log.warning("%s: settling is tried once more: %s", attempts.lease.id, error.orig)
            return self._settle_once(attempts, transition, None)

    def _settle_once(
        self, attempts: AttemptLog, transition: Transition, profile: ConnectorProfile | None
    ) -> AttemptLog | None:
        lease, now = attempts.lease, self.clock.now()
        with self.sessions() as session, session.begin():
            self._trip_breaker(session, lease.id, transition)
            row = settle_lease(session, attempts, transition, connector=self.connector.name, now=now)
            following = self._acquire(session, profile) if profile is not None else None
        if row is None:
            metrics.LEASES_LOST.labels("settling").inc()
        else:
            metrics.SETTLED.labels(row.state).inc()
            explanation = transition.operator_message or transition.reason or ""
            log.info("%s: %s %s", lease.id, transition.state.value, transition.erp_number or explanation)
        return following

    def _trip_breaker(self, session: Session, id: str, transition: Transition) -> None:
        """Open the breaker if no other document would fare better than the document *id*."""
        outage = self._outage.record(id, transition)
        name, now = self.connector.name, self.clock.now()
        raw = (transition.raw or "").removeprefix(f"{transition.operator_message}\n")
        if transition.opens_breaker:
            reason = transition.operator_message or "the connector's settings are wrong"
            breaker.trip(session, name, reason, raw, now=now, backoff=self.backoff)
        elif outage is not None:
            breaker.trip(
                session,
                name,
                outage,
                raw,
                now=now,
                backoff=self.backoff,
                retry_after=transition.retry_after,
                level=logging.WARNING,
            )


def settle_lease(
    session: Session, attempts: AttemptLog, transition: Transition, *, connector: str, now: dt.datetime
) -> Submission | None:
    """Close the last of *attempts* and settle their submission; return its row.

    Return None if the lease is not the newest one.
    """
    lease = attempts.lease
    row = attempts.close_and_lock(session)
    if row is None:
        log.warning(
            "%s: lease %d of %s came too late with %r; nothing is changed",
            lease.id, lease.fence, lease.worker, transition.state.value,
        )  # fmt: skip
        return None
    # Only this lease ended with an answer. Those that were interrupted before still count: otherwise a document
    # that kills every other worker would start again with each answer in between, and be leased forever.
    row.unfinished_leases -= 1
    settle(session, row, transition, connector=connector, actor=f"worker:{lease.worker}", now=now)
    return row
