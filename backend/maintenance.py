"""Maintenance: what a worker does beside forwarding and reading the ERP. Each job has its own interval."""

import datetime as dt
import logging
from collections.abc import Callable

from backend.clock import Clock
from backend.database.core import Sessions
from backend.database.failures import is_unusable
from backend.delivery import breaker
from backend.delivery.connector_profile import CachedProfile, configured_backoff
from backend.delivery.followup.acknowledgements import Acknowledger
from backend.delivery.followup.on_hold import follow_up
from backend.delivery.reconciliation.returned import ReturnedDocuments
from backend.delivery.reconciliation.scheduled import ScheduledReconciliation
from backend.device_reports import reports
from backend.erp.errors import ErpError
from backend.erp.port import Connector
from backend.feed import mismatches, position_times
from backend.feed.compaction import compact
from backend.identity import audit, audit_chain, key_rotation, used_proofs
from backend.identity.key_ring import Lifetimes
from backend.inbox import restored
from backend.ingest import watermarks
from backend.office import sessions
from backend.receipts import originals
from backend.receipts.uploads import purge
from backend.settings import Settings
from backend.sync.returning import decide
from backend.sync.waiting_for_receipts import requeue_complete
from backend.watchdog.misdated import make_misdated_due

log = logging.getLogger(__name__)

FOLLOW_UP_SECONDS = 60.0
RECONCILE_SECONDS = 60.0
"""Between two slices of the daily reconciliation."""
PROBE_SECONDS = 900.0
"""Between two checks that the ERP still has the newest documents."""
PURGE_SECONDS = 86_400.0
"""Between two deletions of unfinished receipt uploads and of old mismatches."""
COMPACT_SECONDS = 3_600.0
"""Between two deletions of old tombstones."""
AUDIT_SECONDS = 3_600.0
"""Between two lines of the log with the head of the audit trail."""
KEYS_SECONDS = 3_600.0
"""Between two checks of the age of keys, and two deletions of expired proofs."""
FEED_WAIT = dt.timedelta(hours=1)
"""How long after a restore the rules wait until the ERP was read; a collection may have failed before."""
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
        wait = dt.timedelta(hours=settings.returning_wait_hours)
        self.returned = ReturnedDocuments(sessions, connector, clock, decide, wait)
        self.acknowledger = Acknowledger(sessions, connector, clock)
        self._lease_checked = False
        self._scanned_to = ""
        self._logged_head: audit_chain.Head | None = None
        self.jobs: tuple[Job, ...] = (
            self.probe,
            self.requeue_complete,
            self.check_returned,
            self.settle_acknowledgements,
            self.warn_about_short_lease,
            every(FOLLOW_UP_SECONDS, clock, self.follow_up),
            every(RECONCILE_SECONDS, clock, self.reconcile),
            every(PROBE_SECONDS, clock, self.check_newest),
            every(COMPACT_SECONDS, clock, self.make_misdated_due),
            every(PURGE_SECONDS, clock, self.purge),
            every(COMPACT_SECONDS, clock, self.compact),
            every(AUDIT_SECONDS, clock, self.log_audit_head),
            every(KEYS_SECONDS, clock, self.rotate_keys),
        )

    def run_once(self) -> None:
        """Do the jobs of every round and those that are due.

        A job that fails does not stop the others; the first error is raised at the end. If the database cannot
        be used, that is raised at once.
        """
        errors: list[Exception] = []
        for job in self.jobs:
            try:
                job()
            except Exception as error:
                if is_unusable(error):
                    raise
                if errors:
                    log.error("another job failed too", exc_info=error)
                errors.append(error)
        if errors:
            raise errors[0]

    def probe(self) -> None:
        """Check the ERP while forwarding is stopped, and resume it."""
        breaker.probe(self.sessions, self.connector, clock=self.clock, backoff=self.backoff)

    def requeue_complete(self) -> None:
        """Queue the documents whose receipts have arrived; each round looks at a part of those that wait."""
        with self.sessions() as session, session.begin():
            self._scanned_to = requeue_complete(session, self.clock.now(), after=self._scanned_to)

    def settle_acknowledgements(self) -> None:
        """Settle what the ERP has acknowledged."""
        self.acknowledger.settle_all()

    def check_returned(self) -> None:
        """Ask the ERP about documents that came back after a restore or a failover, then apply the rules."""
        now = self.clock.now()
        with self.sessions() as session, session.begin():
            loss = restored.newest_loss(session, now)
            if loss is None:
                return
            # The rules look at the ERP's records, and those newer than the backup should be read first.
            is_recent = now < loss.noticed_at + FEED_WAIT
            if is_recent and not watermarks.is_read_since(session, self.connector.name, loss.noticed_at):
                return
        restored.begin_checks(self.sessions, now)
        profile = self.profile.get()
        if profile is not None:
            self.returned.check(profile)

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
        """Notice when the ERP has lost the documents that it was sent last."""
        profile = self.profile.get()
        if profile is not None and not self._stopped():
            self.reconciliation.check_newest(profile.kinds)

    def _stopped(self) -> bool:
        with self.sessions() as session, session.begin():
            return breaker.is_open(session, self.connector.name)

    def make_misdated_due(self) -> None:
        """Make due what waits for a time that was computed while the clock was ahead."""
        make_misdated_due(self.sessions, self.clock.now())

    def purge(self) -> None:
        """Delete unfinished uploads, originals that are not kept, and old mismatches, figures and sessions."""
        with self.sessions() as session, session.begin():
            purge(session, self.settings.folder, self.clock.now())
            mismatches.purge(session, self.clock.now())
            reports.purge(session, self.clock.now())
            sessions.purge(session, self.clock.now())
            deleted = originals.purge(session, self.settings.receipt_original_days, self.clock.now())
        originals.delete_files(self.settings.folder, deleted)

    def rotate_keys(self) -> None:
        """Replace old keys, delete retired ones, and forget the proofs that have expired."""
        folder, days, now = self.settings.folder, self.settings.key_days, self.clock.now()
        new = key_rotation.rotate_old(folder, days, now) if days else []
        key_rotation.prune(folder, Lifetimes(self.settings.refresh_days), now)
        with self.sessions() as session, session.begin():
            used_proofs.purge(session, now)
            for key in new:
                log.info("a new %s key %s will be used from %s on", key.kind, key.id, key.used_from)
                detail = {"kind": key.kind}
                audit.record(
                    session, actor="worker", action="key.published", subject=key.id, now=now, detail=detail
                )

    def compact(self) -> None:
        """Record the feed's position, and delete old tombstones."""
        with self.sessions() as session, session.begin():
            position_times.record(session, self.clock)
        days = self.settings.tombstone_days
        deleted = compact(self.sessions, self.clock, days, limit=MAX_TOMBSTONES, stop=self.stop)
        if deleted:
            log.info("%d tombstones older than %d days are deleted", deleted, days)

    def log_audit_head(self) -> None:
        """Log the head of the audit trail: a database that lost its newest entries cannot hide it."""
        with self.sessions() as session, session.begin():
            head = audit_chain.newest(session)
        if head != self._logged_head:
            self._logged_head = head
            log.info("head of the audit trail: %s", head)


def every(seconds: float, clock: Clock, job: Job) -> Job:
    """Return a function that runs *job* unless it ran in the last *seconds*; after a failure it runs again."""
    pause, due = dt.timedelta(seconds=seconds), clock.now()

    def run_if_due() -> None:
        nonlocal due
        now = clock.now()
        # The second condition is true after the clock was set back.
        if now >= due or now < due - pause:
            job()
            due = clock.now() + pause

    return run_if_due
