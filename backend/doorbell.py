"""The doorbell: tells a worker that something is due, so that it need not find out by polling.

It carries nothing but "look". The submission's row is the job: losing the ring, the queue or all of Redis
costs a poll interval and never a document. So every error here is swallowed, counted, and logged once.
"""

import logging
import threading

import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from backend import metrics
from backend.settings import Settings

log = logging.getLogger(__name__)

QUEUE = "satchel"
JOB = "backend.jobs.ring"
SOCKET_SECONDS = 0.5
"""A hanging Redis may hold up a push for no longer than this."""
KEPT_SECONDS = 60
"""A ring that nobody heard for so long is of no use: every worker has polled since."""

LONGEST_JOB = 3_600
"""Seconds after which RQ thinks a ring dead. A ring ends by itself long before, unless the ERP hangs."""

_lock = threading.Lock()
_queues: dict[str, Queue] = {}
_silent = False


def ring(settings: Settings) -> None:
    """Ring, if there is a Redis. Never raises, never waits long. Call it after the commit."""
    if not settings.redis_url:
        return
    try:
        queue = _queue(settings.redis_url)
        # A ring that waits will look at everything committed until it is heard; a second adds nothing.
        if queue.count == 0:
            queue.enqueue(
                JOB, ttl=KEPT_SECONDS, result_ttl=0, failure_ttl=KEPT_SECONDS, job_timeout=LONGEST_JOB
            )
        _note(None)
    except Exception as error:
        _note(error)


def connection(url: str, seconds: float = SOCKET_SECONDS) -> redis.Redis:
    """Return a connection to *url* that gives up after *seconds* without an answer."""
    return redis.Redis.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, health_check_interval=0
    )


def listen(settings: Settings) -> None:
    """Answer the doorbell in this process until told to stop (SIGTERM), or until Redis is lost.

    The jobs run in this very process, one after another: a forked one would outlive its parent.
    """
    # RQ sets the socket's timeout itself, above the time it waits for a job.
    worker = SimpleWorker(
        [QUEUE], connection=redis.Redis.from_url(settings.redis_url), serializer=JSONSerializer, worker_ttl=30
    )
    worker.work(logging_level="WARNING")


def _queue(url: str) -> Queue:
    with _lock:
        if url not in _queues:
            _queues[url] = Queue(QUEUE, connection=connection(url), serializer=JSONSerializer)
        return _queues[url]


def _note(error: Exception | None) -> None:
    global _silent
    with _lock:
        if error is None:
            if _silent:
                log.warning("Redis answers again")
            _silent = False
            return
        metrics.DOORBELL_FAILURES.inc()
        if not _silent:
            log.warning("the doorbell cannot be rung, workers poll meanwhile: %s", error)
        _silent = True
