"""Metrics that are read from the database at each scrape: the current state, not what has happened.

One snapshot and about a dozen statements, each on an index or on a table that stays small (devices,
collections). No statement counts settled documents, whose number only grows.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import case, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.clock import Clock, SystemClock
from backend.database.core import Sessions, is_postgresql, make_sessions, snapshot
from backend.delivery import sending_hold
from backend.delivery.models import Breaker
from backend.delivery.reconciliation import report
from backend.feed import epochs, mismatches, positions
from backend.identity.models import Device
from backend.inbox.models import Submission
from backend.ingest import quarantine
from backend.ingest.models import Watermark
from backend.metrics import exporter
from backend.settings import Settings
from backend.watchdog.late import find_late, read_heartbeats
from sync_protocol.submission import FINAL, State

log = logging.getLogger(__name__)

STATEMENT_SECONDS = 5
"""PostgreSQL cancels a statement that takes longer: a scrape must not add to the load of a slow server."""

OPEN_STATES = tuple(state.value for state in State if state not in FINAL)

SEEN = (("5m", 300), ("1h", 3_600), ("1d", 86_400), ("7d", 604_800), ("30d", 2_592_000))
"""Label values, and the seconds within which a device was last seen. A device counts in the first that fits."""
LONGER, NEVER = "longer", "never"

Samples = Iterator[tuple[Sequence[str], float]]
"""Pairs of label values and value."""


class Gauge(NamedTuple):
    """A metric that is read at a scrape. If its name ends in `_total`, it is a counter."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


UP = Gauge(
    "satchel_database_up", "Whether the database answered this scrape; if not, all other gauges are missing."
)
SCRAPE_SECONDS = Gauge(
    "satchel_scrape_database_duration_seconds", "Time that the database took for this scrape."
)
QUEUE = Gauge("satchel_submissions", "Documents that are not settled, by state.", ("state",))
QUEUE_AGE = Gauge(
    "satchel_submissions_oldest_age_seconds",
    "Time since the oldest document in this state was received; 0 if there is none.",
    ("state",),
)
BREAKER = Gauge("satchel_breaker_open", "Whether forwarding through a connector is stopped.", ("connector",))
OPENINGS = Gauge("satchel_breaker_openings_total", "How often forwarding was stopped.", ("connector",))
HELD = Gauge("satchel_sending_held", "Whether sending is on hold until a reconciliation, by cause.", ("cause",))
LAG = Gauge(
    "satchel_ingest_lag_seconds",
    "Time since a collection was last read completely.",
    ("connector", "collection"),
)
FAILING = Gauge(
    "satchel_ingest_failing", "Whether the last read of a collection failed.", ("connector", "collection")
)
QUARANTINED = Gauge("satchel_ingest_quarantined_rows", "Rows of the ERP in quarantine.", ("collection",))
DEVICES = Gauge(
    "satchel_devices", "Devices that are not revoked, by how long ago they were last seen.", ("last_seen",)
)
DIFFERED = Gauge("satchel_replica_mismatches_last_day", "Streams that differed on phones within the last day.")
DIFFERING = Gauge("satchel_replica_mismatch_devices_last_day", "Devices with such streams.")
RECONCILED = Gauge(
    "satchel_reconciliation_documents",
    "Documents of the newest reconciliation, by result.",
    ("result",),
)
RECONCILED_AGE = Gauge("satchel_reconciliation_age_seconds", "Time since the newest reconciliation ended.")
BEAT_AGE = Gauge(
    "satchel_worker_heartbeat_age_seconds",
    "Time since the last sign of life of a duty, the longest over all workers; `process` is the worker itself.",
    ("duty",),
)
LATE = Gauge("satchel_workers_late", "Workers and duties that are dead, hang or fail, or 1 if no worker runs.")
POSITION = Gauge("satchel_feed_position", "Newest position of the feed.")
EPOCHS = Gauge("satchel_feed_epochs_total", "Epochs of the feed that were started, by cause.", ("cause",))

GAUGES: tuple[Gauge, ...] = tuple(value for value in globals().values() if isinstance(value, Gauge))


def start_metrics(settings: Settings, *, serve: bool = True) -> None:
    """Start counting, if SATCHEL_METRICS_ADDRESS is set; with *serve*, also compete to serve. Never raises."""
    if settings.metrics_address:
        sessions = make_sessions(settings.database_url) if serve else None
        gauges = DatabaseGauges(sessions, SystemClock(), settings) if sessions else None
        exporter.start(settings.folder, settings.metrics_address, gauges)


class DatabaseGauges(Collector):
    """Reads every gauge in one snapshot."""

    def __init__(self, sessions: Sessions, clock: Clock, settings: Settings) -> None:
        self.sessions, self.clock, self.settings = sessions, clock, settings
        self._failed = False

    def collect(self) -> Iterable[Metric]:
        """Return the gauges; if the database does not answer, only `satchel_database_up` with 0."""
        began = time.perf_counter()
        try:
            families = self._read()
        except (SQLAlchemyError, positions.FeedMissing) as error:
            if not self._failed:
                reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
                log.warning("the database did not answer a scrape: %s", reason)
            self._failed = True
            return [_family(UP, [((), 0)])]
        self._failed = False
        return [
            _family(UP, [((), 1)]),
            *families,
            _family(SCRAPE_SECONDS, [((), time.perf_counter() - began)]),
        ]

    def _read(self) -> list[Metric]:
        now = self.clock.now()
        with self.sessions() as session:
            snapshot(session)
            if is_postgresql(session):
                session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
            reads = [*(read(session, now) for read in _READERS), self._workers(session, now)]
            return [_family(gauge, samples) for each in reads for gauge, samples in each.items()]

    def _workers(self, session: Session, now: dt.datetime) -> "Read":
        rows = read_heartbeats(session)
        ages: dict[str, float] = {}
        for row in rows:
            if row.ended_at is None:
                ages[row.duty] = max(ages.get(row.duty, 0.0), _since(row.beat_at, now))
        return {
            BEAT_AGE: [((duty,), age) for duty, age in ages.items()],
            LATE: [((), len(find_late(rows, now, self.settings.worker_late_seconds)))],
        }


def _family(gauge: Gauge, samples: Iterable[tuple[Sequence[str], float]]) -> Metric:
    kind = CounterMetricFamily if gauge.name.endswith("_total") else GaugeMetricFamily
    family = kind(gauge.name, gauge.help, labels=gauge.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


Read = dict[Gauge, list[tuple[Sequence[str], float]]]


def _queue(session: Session, now: dt.datetime) -> Read:
    rows = session.execute(
        select(Submission.state, func.count(), func.min(Submission.received_at))
        .where(Submission.state.in_(OPEN_STATES))
        .group_by(Submission.state)
    )
    by_state = {state: (count, _since(oldest, now)) for state, count, oldest in rows}
    samples = [((state,), *by_state.get(state, (0, 0.0))) for state in OPEN_STATES]
    return {
        QUEUE: [(labels, count) for labels, count, _ in samples],
        QUEUE_AGE: [(labels, age) for labels, _, age in samples],
    }


def _sending(session: Session, now: dt.datetime) -> Read:
    rows = session.execute(select(Breaker.connector, Breaker.opened_at, Breaker.incidents)).all()
    causes = {hold.cause for hold in sending_hold.all_in_force(session)}
    all_causes = (positions.EpochCause.RESTORE.value, positions.EpochCause.LINEAGE.value, sending_hold.ERP_LOST)
    return {
        BREAKER: [((row.connector,), row.opened_at is not None) for row in rows],
        OPENINGS: [((row.connector,), row.incidents) for row in rows],
        HELD: [((cause,), cause in causes) for cause in all_causes],
    }


def _ingest(session: Session, now: dt.datetime) -> Read:
    rows = session.execute(
        select(Watermark.connector, Watermark.collection, Watermark.read_at, Watermark.failing_since)
    ).all()
    return {
        LAG: [((r.connector, r.collection), _since(r.read_at, now)) for r in rows if r.read_at is not None],
        FAILING: [((r.connector, r.collection), r.failing_since is not None) for r in rows],
        QUARANTINED: [((name,), count) for name, count in quarantine.count(session).items()],
    }


def _devices(session: Session, now: dt.datetime) -> Read:
    whens = [(Device.last_seen_at >= now - dt.timedelta(seconds=within), name) for name, within in SEEN]
    bucket = case((Device.last_seen_at.is_(None), NEVER), *whens, else_=LONGER).label("bucket")
    rows = session.execute(
        select(bucket, func.count().label("devices")).where(Device.revoked_at.is_(None)).group_by("bucket")
    )
    by_bucket = {row.bucket: row.devices for row in rows}
    names = [*(name for name, _ in SEEN), LONGER, NEVER]
    return {DEVICES: [((name,), by_bucket.get(name, 0)) for name in names]}


def _replicas(session: Session, now: dt.datetime) -> Read:
    started = epochs.count_by_cause(session)
    count, devices = mismatches.count_since(session, now - dt.timedelta(days=1))
    return {
        DIFFERED: [((), count)],
        DIFFERING: [((), devices)],
        POSITION: [((), positions.head(session).position)],
        EPOCHS: [((cause.value,), started.get(cause, 0)) for cause in positions.EpochCause],
    }


def _reconciliation(session: Session, now: dt.datetime) -> Read:
    last = next(iter(report.newest(session, 1)), None)
    if last is None:
        return {}
    return {
        RECONCILED: [((result,), count) for result, count in last.counts.items()],
        RECONCILED_AGE: [((), _since(last.ended_at, now))],
    }


def _since(moment: dt.datetime | None, now: dt.datetime) -> float:
    return 0.0 if moment is None else max(0.0, (now - moment).total_seconds())


_READERS: tuple[Callable[[Session, dt.datetime], Read], ...] = (
    _queue,
    _sending,
    _ingest,
    _devices,
    _replicas,
    _reconciliation,
)
