"""Maintenance: what a worker does beside forwarding and reading the ERP. Each job has its own interval."""

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
"""Between two slices of the daily reconciliation."""
PROBE_SECONDS = 900.0
"""Between two checks that the ERP still has the newest documents."""
ALERT_SECONDS = 60.0
"""Between two checks for documents that have waited too long."""
PURGE_SECONDS = 86_400.0
"""Between two deletions of unfinished receipt uploads and of old mismatches."""
COMPACT_SECONDS = 3_600.0
"""Between two deletions of old tombstones."""
MAX_TOMBSTONES = 100_000
"""Deleted in one run, so that nothing else waits for long; the next run continues."""

Job = Callable[[], object]


class Maintenance:
    """The maintenance of one worker; the connector is its own."""

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
        self.profile = CachedProfile(connector, clock, settings, self.backoff)
        self.reconciliation = ScheduledReconciliation(sessions, connector, clock, settings.reconcile_days)
        self.acknowledger = Acknowledger(sessions, connector, clock)
        self.notifiers, self.rule = configured_notifiers(settings), configured_rule(settings)
        self._lease_checked = False
        self.periodic_jobs: tuple[Job, ...] = (
            every(FOLLOW_UP_SECONDS, self.follow_up),
            every(RECONCILE_SECONDS, self.reconcile),
            every(PROBE_SECONDS, self.check_newest),
            every(ALERT_SECONDS, self.send_alerts),
            every(PURGE_SECONDS, self.purge),
            every(COMPACT_SECONDS, self.compact),
        )

    def run_once(self) -> None:
        """Do the jobs of every round and those that are due; database errors are raised."""
        breaker.probe(self.sessions, self.connector, clock=self.clock, backoff=self.backoff)
        with self.sessions() as session, session.begin():
            requeue_complete(session, self.clock.now())
        self.acknowledger.settle_all()
        self.warn_about_short_lease()
        for job in self.periodic_jobs:
            job()

    def warn_about_short_lease(self) -> None:
        """Warn once, as soon as the capabilities are known, if the lease is shorter than the slowest call."""
        profile = None if self._lease_checked else self.profile.get()
        if profile is not None:
            self._lease_checked = True
            if profile.short_lease is not None:
                log.warning("%s", profile.short_lease)

    def follow_up(self) -> None:
        """Look up documents on hold, and flag overdue ones."""
        profile = self.profile.get()
        if profile is not None:
            follow_up(self.sessions, self.connector, clock=self.clock, kinds=profile.kinds)

    def reconcile(self) -> None:
        """Run a slice of the daily reconciliation."""
        profile = self.profile.get()
        if profile is not None and not self._stopped():
            try:
                self.reconciliation.run_slice(profile.kinds)
            except ErpError as error:
                log.warning("the reconciliation continues later: %s", error.message)

    def check_newest(self) -> None:
        """Notice when the ERP has lost what it was sent last."""
        profile = self.profile.get()
        if profile is not None and not self._stopped():
            self.reconciliation.check_newest(profile.kinds)

    def _stopped(self) -> bool:
        with self.sessions() as session, session.begin():
            return breaker.is_open(session, self.connector.name)

    def send_alerts(self) -> None:
        """Send alerts about documents that have waited too long."""
        send_alerts(self.sessions, self.notifiers, self.rule, self.clock)

    def purge(self) -> None:
        """Delete unfinished receipt uploads and old mismatches."""
        with self.sessions() as session, session.begin():
            purge(session, self.settings.folder, self.clock.now())
            mismatches.purge(session, self.clock.now())

    def compact(self) -> None:
        """Record the feed's position, and delete old tombstones."""
        with self.sessions() as session, session.begin():
            position_times.record(session, self.clock)
        days = self.settings.tombstone_days
        deleted = compact(self.sessions, self.clock, days, limit=MAX_TOMBSTONES, stop=self.stop)
        if deleted:
            log.info("%d tombstones older than %d days are deleted", deleted, days)


def every(seconds: float, job: Job) -> Job:
    """Return a function that runs *job* unless it ran in the last *seconds*; after a failure it runs again."""
    due = 0.0

    def run_if_due() -> None:
        nonlocal due
        if time.monotonic() >= due:
            job()
            due = time.monotonic() + seconds

    return run_if_due
