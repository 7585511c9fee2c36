"""The worker: sends due submissions to the ERP, reads the ERP, builds segments, does maintenance.

Each job has a thread and a connector of its own, so that a long read never delays an order. The database is
polled whether Redis works or not. A worker that is killed blocks nothing for long: its leases expire.
"""

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import backend
from backend import gauges, jobs, metrics
from backend.clock import Clock, SystemClock
from backend.database.core import Sessions, make_sessions
from backend.database.failures import is_unusable, reason
from backend.delivery.alerts.dispatch import send_alerts
from backend.delivery.alerts.notifiers import configured_notifiers
from backend.delivery.alerts.reuse import send_reuse_alerts
from backend.delivery.alerts.rule import configured_rule
from backend.erp.port import Connector, connect
from backend.ingest.schedule import Schedule
from backend.maintenance import Maintenance
from backend.migrations.tables import import_tables
from backend.retry import Backoff
from backend.settings import Settings, to_environ
from backend.supervisor import Child, Policy, Supervisor
from backend.sync.checked_receipts import receipt_checks
from backend.sync.segments import maintenance as segments
from backend.watchdog.heart import WRITE_SECONDS, Duty, Heart
from backend.watchdog.late import DOORBELL

log = logging.getLogger(__name__)

RESTART = Backoff(base=1.0, cap=30.0)
"""Pauses between retries of what failed in the worker itself: the database, Redis, a job."""
ALERT_SECONDS = 60.0
"""Between two checks for documents that have waited too long."""
END_SECONDS = 10.0
"""How long the last heartbeat may take."""

Job = Callable[[], object]
Opened = Callable[[Duty], AbstractContextManager[Job]]
"""Opens what a job needs, such as its connector, while the block runs, and yields the job."""


def run(
    settings: Settings, *, threads: int = 2, stop: threading.Event | None = None, once: bool = False
) -> None:
    """Work until *stop* is set, or SIGTERM or SIGINT arrives; with *once*, do what is due now and return.

    *threads* is the number of forwarding threads. At the end, documents that are being sent are finished; one
    that takes longer than a lease is left to another worker. If the database or the ERP cannot be reached, the
    worker waits for it.

    Raises:
        SettingError, ConnectorMissing: a setting is wrong.
    """
    import_tables()
    connect(settings.connector, settings.erp).close()
    configured_notifiers(settings)
    configured_rule(settings)
    sessions = make_sessions(settings.database_url)
    worker = _Worker(settings, sessions, stop or threading.Event())
    try:
        if once:
            worker.once()
        else:
            gauges.start_metrics(settings)
            with _signals(worker.stop):
                worker.supervise(max(threads, 1))
    finally:
        with sessions() as session:
            session.get_bind().engine.dispose()


class _Worker:
    """The threads, and the doorbell process."""

    def __init__(self, settings: Settings, sessions: Sessions, stop: threading.Event) -> None:
        self.settings, self.sessions, self.stop = settings, sessions, stop
        self.clock: Clock = SystemClock()
        self.heart = Heart(sessions, self.clock)

    def once(self) -> None:
        duty = self.heart.duty("once")
        for opened in (
            self._ingest,
            self._receipts,
            self._forwarding,
            self._maintenance,
            self._alerts,
            self._segments,
        ):
            with opened(duty) as job:
                job()

    def supervise(self, threads: int) -> None:
        """Run every job in a thread until `stop` is set, then wait for the jobs to finish."""
        started = [
            *(self._thread(f"forward-{n + 1}", self._forwarding) for n in range(threads)),
            self._thread("receipts", self._receipts),
            self._thread("maintenance", self._maintenance),
            self._thread("alerts", self._alerts, ALERT_SECONDS),
            self._thread("ingest", self._ingest),
            self._thread("segments", self._segments, segments.INTERVAL_SECONDS),
        ]
        if self.settings.redis_url:
            self.heart.part(DOORBELL)
        heart = threading.Thread(target=self._beat, name="heart", daemon=True)
        heart.start()
        log.info("worker started: %d forwarding threads", threads)
        with Supervisor([_doorbell(self.settings)] if self.settings.redis_url else []) as supervisor:
            try:
                while not self.stop.wait(0.2):
                    supervisor.look()
            finally:
                self.stop.set()
        deadline = time.monotonic() + self.settings.lease_seconds
        for thread in started:
            thread.join(max(0.0, deadline - time.monotonic()))
        late = [thread.name for thread in started if thread.is_alive()]
        if late:
            log.warning("%s did not finish; their leases expire, then others continue", ", ".join(late))
        heart.join(END_SECONDS)
        log.info("worker ended")

    def _thread(self, name: str, opened: Opened, seconds: float | None = None) -> threading.Thread:
        # Registered here: a thread that never begins must be late too.
        arguments = (self.heart.duty(name), opened, seconds)
        thread = threading.Thread(target=self._repeat, args=arguments, name=name, daemon=True)
        thread.start()
        return thread

    @contextmanager
    def _forwarding(self, duty: Duty) -> Iterator[Job]:
        forwarder = jobs.forwarder(self.settings, duty.beating(self.sessions), duty.name)
        try:
            yield lambda: forwarder.drain(stop=self.stop.is_set)
        finally:
            forwarder.connector.close()

    @contextmanager
    def _receipts(self, duty: Duty) -> Iterator[Job]:
        checks = receipt_checks(self.settings, duty.beating(self.sessions), self.clock)
        yield lambda: checks.run_due(self.stop.is_set)

    @contextmanager
    def _maintenance(self, duty: Duty) -> Iterator[Job]:
        with self._connected() as connector:
            sessions = duty.beating(self.sessions)
            yield Maintenance(self.settings, sessions, connector, self.clock, self.stop.is_set).run_once

    @contextmanager
    def _alerts(self, duty: Duty) -> Iterator[Job]:
        notifiers, rule = configured_notifiers(self.settings), configured_rule(self.settings)

        def send() -> None:
            sessions = duty.beating(self.sessions)
            send_alerts(sessions, notifiers, rule, self.clock)
            send_reuse_alerts(sessions, notifiers, self.clock)

        yield send

    @contextmanager
    def _ingest(self, duty: Duty) -> Iterator[Job]:
        with self._connected() as connector:
            schedule = Schedule(duty.beating(self.sessions), connector, self.clock, self.settings)
            yield lambda: schedule.run_due(self.stop.is_set)

    @contextmanager
    def _segments(self, duty: Duty) -> Iterator[Job]:
        yield segments.run_maintenance(duty.beating(self.sessions), self.clock, self.settings, duty.beat)

    @contextmanager
    def _connected(self) -> Iterator[Connector]:
        connector = connect(self.settings.connector, self.settings.erp)
        try:
            yield connector
        finally:
            connector.close()

    def _repeat(self, duty: Duty, opened: Opened, seconds: float | None) -> None:
        """Run the job that *opened* yields every *seconds* (None: the poll interval) until `stop` is set.

        Whatever it raises, it is tried again. It is opened again after an error in opening it.
        """
        pause = self.settings.poll_seconds if seconds is None else seconds
        failures = 0
        while not self.stop.is_set():
            try:
                with opened(duty) as job:
                    while not self.stop.is_set():
                        wait, failures = self._round(duty, job, pause, failures)
                        self.stop.wait(wait)
            except Exception as error:
                wait, failures = self._failed(duty, error, failures), failures + 1
                self.stop.wait(wait)

    def _round(self, duty: Duty, job: Job, pause: float, failures: int) -> tuple[float, int]:
        """Run *job* once; return the pause in seconds, and the failures in a row."""
        duty.beat()
        try:
            job()
        except Exception as error:
            return self._failed(duty, error, failures), failures + 1
        if failures:
            log.warning("%s works again after %d failures", duty.name, failures)
        duty.succeeded(pause)
        return pause, 0

    def _failed(self, duty: Duty, error: Exception, failures: int) -> float:
        """Log and count a failed round; return the pause in seconds."""
        metrics.WORKER_FAILURES.labels(duty.name.partition("-")[0]).inc()
        pause = RESTART.ceiling(failures)
        text = reason(error)
        if is_unusable(error):
            log.warning("%s: the database failed, retrying in %.0f s: %s", duty.name, pause, text)
        else:
            text = f"{type(error).__name__}: {text}"
            log.error("%s failed, retrying in %.0f s", duty.name, pause, exc_info=error)
        duty.failed(text, pause)
        return pause

    def _beat(self) -> None:
        """Write the heartbeats until the threads have ended; then say that this worker was stopped."""
        write, failures = self.heart.start, 0
        while True:
            stopping = self.stop.is_set()
            try:
                if stopping:
                    self.heart.end()
                    return
                write()
                write, failures = self.heart.write, 0
            except Exception as error:
                if stopping:
                    log.warning("the heartbeats stay as they are: %s", reason(error))
                    return
                failures += 1
                if failures == 1:
                    log.warning("the heartbeats cannot be written: %s", reason(error))
            self.stop.wait(WRITE_SECONDS)


def _doorbell(settings: Settings) -> Child:
    """Return the doorbell process, which comes back whenever Redis does."""
    environ = {**os.environ, **to_environ(settings), "PYTHONPATH": _python_path()}
    command = [sys.executable, "-m", "backend.doorbell_process", str(os.getpid())]
    return Child("the doorbell process", command, environ, Policy.RESTART)


def _python_path() -> str:
    """Return a PYTHONPATH with which a child process finds this package in any working directory."""
    root = str(Path(backend.__file__).parent.parent)
    return os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Make SIGTERM and SIGINT set *stop*.

    Only the main thread can catch signals; in others this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handled = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
