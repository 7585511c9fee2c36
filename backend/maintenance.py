"""Upkeep: what a worker does beside forwarding and reading, round after round, each job in its own rhythm."""

import logging
import time
from collections.abc import Callable

from backend.clock import Clock
from backend.database.core import Sessions
from backend.delivery import breaker
from backend.delivery.alerts.dispatch import send_alerts
from backend.delivery.alerts.notifiers import configured_notifiers
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.connector_profile import CachedProfile, configured_backoff
from backend.delivery.followup.acknowledgements import Acknowledger
from backend.delivery.followup.on_hold import follow_up
from backend.delivery.reconciliation.scheduled import ScheduledReconciliation
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.feed import mismatches, position_times
from backend.feed.compaction import compact
from backend.receipts.uploads import purge
from backend.settings import Settings
from backend.sync.push import requeue_complete

log = logging.getLogger(__name__)

FOLLOW_UP_SECONDS = 60.0
RECONCILE_SECONDS = 60.0
"""Between two turns of the daily reconciliation."""
PROBE_SECONDS = 900.0
"""Between two looks at whether the ERP still has the newest documents."""
ALERT_SECONDS = 60.0
"""Between two looks at what has waited too long."""
PURGE_SECONDS = 86_400.0
"""Between two clearings of receipts that were begun and never finished, and of old mismatches."""
COMPACT_SECONDS = 3_600.0
"""Between two looks at which tombstones are old."""
MAX_TOMBSTONES = 100_000
"""Deleted at one look, so that nothing else has to wait for long; the next look goes on."""

Job = Callable[[], object]


class Maintenance:
    """One worker's upkeep; the connector is its own."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        connector: Connector,
        clock: Clock,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """*stop* says whether a long job should end early."""
        self.settings, self.sessions, self.connector, self.clock = settings, sessions, connector, clock
        self.stop = stop
        self.backoff = configured_backoff(settings)
        self.terms = CachedProfile(connector, clock, settings, self.backoff)
        self.daily = ScheduledReconciliation(sessions, connector, clock, settings.reconcile_days)
        self.acknowledger = Acknowledger(sessions, connector, clock)
        self.channels, self.rule = configured_notifiers(settings), configured_rule(settings)
        self._lease_looked_at = False
        self.now_and_then: tuple[Job, ...] = (
            every(FOLLOW_UP_SECONDS, self.follow_up),
            every(RECONCILE_SECONDS, self.reconcile),
            every(PROBE_SECONDS, self.check_newest),
            every(ALERT_SECONDS, self.send_alerts),
            every(PURGE_SECONDS, self.purge),
            every(COMPACT_SECONDS, self.compact),
        )

    def run_once(self) -> None:
        """Do what is done in each round, and what is due of the rest; database errors are raised."""
        breaker.probe(self.sessions, self.connector, clock=self.clock, backoff=self.backoff)
        with self.sessions() as session, session.begin():
            requeue_complete(session, self.clock.now())
        self.acknowledger.settle_all()
        self.warn_about_short_lease()
        for job in self.now_and_then:
            job()

    def warn_about_short_lease(self) -> None:
        """Warn once, when the connector first says what it can do, of a lease shorter than its calls."""
        current = None if self._lease_looked_at else self.terms.get()
        if current is not None:
            self._lease_looked_at = True
            if current.short_lease is not None:
                log.warning("%s", current.short_lease)

    def follow_up(self) -> None:
        """Look after what waits for somebody else."""
        current = self.terms.get()
        if current is not None:
            follow_up(self.sessions, self.connector, clock=self.clock, kinds=current.kinds)

    def reconcile(self) -> None:
        """Ask the ERP about some of the documents that it must have."""
        current = self.terms.get()
        if current is not None and not self._stopped():
            try:
                self.daily.run_slice(current.kinds)
            except ErpError as error:
                log.warning("the reconciliation goes on later: %s", error.message)

    def check_newest(self) -> None:
        """Notice when the ERP has lost what it was sent last."""
        current = self.terms.get()
        if current is not None and not self._stopped():
            self.daily.check_newest(current.kinds)

    def _stopped(self) -> bool:
        with self.sessions() as session, session.begin():
            return breaker.is_open(session, self.connector.name)

    def send_alerts(self) -> None:
        """Tell whom it concerns what has waited too long."""
        send_alerts(self.sessions, self.channels, self.rule, self.clock)

    def purge(self) -> None:
        """Clear receipts that were begun and never finished, and forget old mismatches."""
        with self.sessions() as session, session.begin():
            purge(session, self.settings.folder, self.clock.now())
            mismatches.purge(session, self.clock.now())

    def compact(self) -> None:
        """Note where the feed stands, and delete tombstones that are old enough."""
        with self.sessions() as session, session.begin():
            position_times.record(session, self.clock)
        days = self.settings.tombstone_days
        gone = compact(self.sessions, self.clock, days, limit=MAX_TOMBSTONES, stop=self.stop)
        if gone:
            log.info("%d tombstones older than %d days are gone", gone, days)


def every(seconds: float, job: Job) -> Job:
    """Return *job* as one that rests for *seconds* after it was done; a failure is tried again at once."""
    due = 0.0

    def now_and_then() -> None:
        nonlocal due
        if time.monotonic() >= due:
            job()
            due = time.monotonic() + seconds

    return now_and_then
