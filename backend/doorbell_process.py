"""The doorbell process of a worker: processes rings until SIGTERM, and has a heartbeat of its own.

A process of its own, because RQ runs jobs in the main thread and handles signals itself. The worker starts it,
and starts it again whenever it ends. Without it documents are sent at the worker's next poll.
"""

import logging
import os
import sys
import threading
from typing import Any

import redis
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from backend import doorbell, gauges, jobs, logs
from backend.clock import SystemClock
from backend.database.core import make_sessions
from backend.database.failures import reason
from backend.migrations.tables import import_tables
from backend.permissions import close_new_files
from backend.settings import Settings, read_settings
from backend.supervisor import end_with_parent
from backend.watchdog.heart import WRITE_SECONDS, Duty, worker_name
from backend.watchdog.late import DOORBELL
from backend.watchdog.part import PartHeart

log = logging.getLogger(__name__)

_IDLE_SECONDS = 30.0
"""RQ looks after Redis at least this often while no ring comes."""
_RETRY_SECONDS = 60.0
"""The longest pause of RQ, and of the worker that starts this process again, while Redis is away."""


class _Listener(SimpleWorker):
    """RQ's worker, which beats *duty* whenever Redis answers, and tells it when Redis does not."""

    duty: Duty

    def heartbeat(self, *arguments: Any, **options: Any) -> None:
        """Tell Redis, and then our own heartbeat, that this process lives."""
        try:
            super().heartbeat(*arguments, **options)
        except redis.RedisError as error:
            if self.duty.error is None:
                log.warning("Redis does not respond; workers poll meanwhile: %s", error)
            self.duty.failed(f"Redis: {error}", _RETRY_SECONDS)
            raise
        if self.duty.error is not None:
            log.warning("Redis responds again")
        self.duty.succeeded(_IDLE_SECONDS)


def _is_news(record: logging.LogRecord) -> bool:
    """Say whether *record* of RQ is worth a line: it repeats every two seconds that Redis is away."""
    return "could not connect to Redis" not in str(record.msg)


def listen(settings: Settings, duty: Duty) -> None:
    """Process rings in this process until SIGTERM; raises `redis.RedisError` if Redis cannot be reached.

    Jobs run in this process one after another: a forked job would outlive its parent.
    """
    # No timeout here: RQ sets one itself, longer than its wait for a job.
    connection = redis.Redis.from_url(settings.redis_url)
    worker = _Listener([doorbell.QUEUE], connection=connection, serializer=JSONSerializer, worker_ttl=30)
    worker.duty = duty
    worker.log.addFilter(_is_news)
    worker.work(logging_level="WARNING")


def run(parent: int) -> int:
    """Run the doorbell process of the worker *parent* (a process id); return the exit status."""
    close_new_files()
    settings = read_settings(os.environ)
    logs.configure(settings.log)
    import_tables()
    end_with_parent(parent)
    # It only counts; the worker that started it serves the counts.
    gauges.start_metrics(settings, serve=False)
    heart = PartHeart(make_sessions(settings.database_url), SystemClock(), worker_name(parent), DOORBELL)
    jobs.beat_at_rings(heart.duty)
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(heart, stop), name="heart", daemon=True)
    beating.start()
    try:
        listen(settings, heart.duty)
    except redis.RedisError as error:
        heart.duty.failed(f"Redis: {error}", _RETRY_SECONDS)
        log.warning("Redis cannot be used; workers poll meanwhile: %s", error)
        return 1
    finally:
        stop.set()
        beating.join(WRITE_SECONDS)
    return 0


def _beat(heart: PartHeart, stop: threading.Event) -> None:
    """Write the heartbeat every ten seconds, and once more at the end: an error of the last moment counts."""
    failures, ended = 0, False
    while not ended:
        ended = stop.wait(WRITE_SECONDS)
        try:
            heart.write()
            failures = 0
        except Exception as error:
            failures += 1
            if failures == 1:
                log.warning("the heartbeat of the doorbell cannot be written: %s", reason(error))


if __name__ == "__main__":
    raise SystemExit(run(int(sys.argv[1])))
