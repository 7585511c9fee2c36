"""The worker: sends due submissions to the ERP, reads the ERP, builds segments, does maintenance.

Each job has a thread and a connector of its own, so that a long read never delays an order. The database is
polled whether Redis works or not. A worker that is killed blocks nothing for long: its leases expire.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

import backend
from backend import doorbell, gauges, jobs, logs, metrics
from backend.clock import Clock, SystemClock
from backend.database.core import Sessions, make_sessions
from backend.delivery.alerts.notifiers import configured_notifiers
from backend.delivery.alerts.rule import configured_rule
from backend.delivery.retry import Backoff
from backend.erp.port import Connector, connect
from backend.ingest.schedule import Schedule
from backend.maintenance import Maintenance
from backend.migrations.tables import import_tables
from backend.settings import Settings, read_settings, to_environ
from backend.sync.segments import maintenance as segments

log = logging.getLogger(__name__)

RESTART = Backoff(base=1.0, cap=30.0)
"""Pauses between retries of what failed in the worker itself: the database, Redis, a job."""
END_SECONDS = 30.0
"""How long the doorbell process may take to finish the document that it sends."""

Job = Callable[[], object]


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

    def once(self) -> None:
        with self._connected() as connector:
            self._ingest(connector)()
            with self._forwarding("once") as forward:
                forward()
            self._maintenance(connector)()
            segments.run_maintenance(self.sessions, self.clock, self.settings)()

    def supervise(self, threads: int) -> None:
        """Run every job in a thread until `stop` is set, then wait for the jobs to finish."""
        threads_started = [self._thread(f"forward-{n + 1}", self._forward) for n in range(threads)]
        threads_started.append(self._thread("maintenance", self._maintain_forever))
        threads_started.append(self._thread("ingest", self._ingest_forever))
        threads_started.append(self._thread("segments", self._segments_forever))
        doorbell = _Doorbell(self.settings) if self.settings.redis_url else None
        log.info("worker started: %d forwarding threads", threads)
        try:
            while not self.stop.wait(0.2):
                if doorbell is not None:
                    doorbell.restart_if_ended()
        finally:
            self.stop.set()
            if doorbell is not None:
                doorbell.end()
            deadline = time.monotonic() + self.settings.lease_seconds
            for thread in threads_started:
                thread.join(max(0.0, deadline - time.monotonic()))
            late = [thread.name for thread in threads_started if thread.is_alive()]
            if late:
                log.warning("%s did not finish; their leases expire, then others continue", ", ".join(late))
        log.info("worker ended")

    def _thread(self, name: str, body: Callable[[str], None]) -> threading.Thread:
        thread = threading.Thread(target=body, args=(name,), name=name, daemon=True)
        thread.start()
        return thread

    def _forward(self, name: str) -> None:
        with self._forwarding(name) as forward:
            self._repeat(name, forward)

    def _maintain_forever(self, name: str) -> None:
        with self._connected() as connector:
            self._repeat(name, self._maintenance(connector))

    def _ingest_forever(self, name: str) -> None:
        with self._connected() as connector:
            self._repeat(name, self._ingest(connector))

    def _segments_forever(self, name: str) -> None:
        self._repeat(
            name, segments.run_maintenance(self.sessions, self.clock, self.settings), segments.INTERVAL_SECONDS
        )

    @contextmanager
    def _forwarding(self, name: str) -> Iterator[Job]:
        forwarder = jobs.forwarder(self.settings, self.sessions, name)
        try:
            yield lambda: forwarder.drain(stop=self.stop.is_set)
        finally:
            forwarder.connector.close()

    def _maintenance(self, connector: Connector) -> Job:
        return Maintenance(self.settings, self.sessions, connector, self.clock, self.stop.is_set).run_once

    def _ingest(self, connector: Connector) -> Job:
        schedule = Schedule(self.sessions, connector, self.clock, self.settings)
        return lambda: schedule.run_due(self.stop.is_set)

    @contextmanager
    def _connected(self) -> Iterator[Connector]:
        connector = connect(self.settings.connector, self.settings.erp)
        try:
            yield connector
        finally:
            connector.close()

    def _repeat(self, name: str, job: Job, seconds: float | None = None) -> None:
        """Run *job* every *seconds* (None: the poll interval) until `stop` is set, whatever it raises."""
        failures = 0
        while not self.stop.is_set():
            pause = self.settings.poll_seconds if seconds is None else seconds
            try:
                job()
                if failures:
                    log.warning("%s works again after %d failures", name, failures)
                failures = 0
            except SQLAlchemyError as error:
                metrics.WORKER_FAILURES.labels(name.partition("-")[0]).inc()
                pause = RESTART.ceiling(failures)
                failures += 1
                reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
                log.warning("%s: the database failed, retrying in %.0f s: %s", name, pause, reason)
            except Exception:
                metrics.WORKER_FAILURES.labels(name.partition("-")[0]).inc()
                pause = RESTART.ceiling(failures)
                failures += 1
                log.exception("%s failed, retrying in %.0f s", name, pause)
            self.stop.wait(pause)


class _Doorbell:
    """Supervises the doorbell process; restarts it when it ends, because Redis failed or it was killed."""

    def __init__(self, settings: Settings) -> None:
        self._environ = {**os.environ, **to_environ(settings), "PYTHONPATH": _python_path()}
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._started_at = self._not_before = 0.0

    def restart_if_ended(self) -> None:
        """Start the process if it does not run and the pause is over. Never blocks."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            self._failures = 0 if now - self._started_at > RESTART.cap else self._failures + 1
            pause = RESTART.ceiling(self._failures)
            log.warning(
                "the doorbell process ended (%s), restarting in %.0f s", self._process.returncode, pause
            )
            self._close()
            self._not_before = now + pause
        if self._process is None and now >= self._not_before:
            # The pipe tells the child that this process lives: when it closes, for any reason, the child ends
            # too. The child leads its own process group, so that it can end everything that it has started.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "backend.worker"],
                stdin=subprocess.PIPE,
                env=self._environ,
                start_new_session=True,
            )
            self._started_at = now

    def end(self) -> None:
        """Let the process finish the document that it sends, and kill it if that takes too long."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


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


def _run_doorbell_worker() -> None:
    """Run the doorbell process: process rings until SIGTERM, and end with the parent."""
    settings = read_settings(os.environ)
    logs.configure(settings.log)
    import_tables()

    def end_with_parent() -> None:
        sys.stdin.buffer.read()
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=end_with_parent, daemon=True).start()
    # It only counts; the worker that started it serves the counts.
    gauges.start_metrics(settings, serve=False)
    doorbell.listen(settings)


if __name__ == "__main__":
    _run_doorbell_worker()
