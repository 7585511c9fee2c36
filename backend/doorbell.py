"""The doorbell: wakes a worker through Redis when a submission is due, before its next poll.

A ring carries no data: the submission's row is the job. If a ring, the queue or all of Redis is lost, a
document waits for the next poll and is never lost. So every error is caught, counted, and logged once.
"""

import logging
import threading

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from backend import metrics
from backend.settings import Settings

log = logging.getLogger(__name__)

QUEUE = "satchel"
JOB = "backend.jobs.ring"
SOCKET_SECONDS = 0.5
"""Longest time that a Redis which does not respond delays a push."""
KEPT_SECONDS = 60
"""A ring that waited for longer is dropped: every worker has polled since."""

LONGEST_JOB = 3_600
"""Seconds after which RQ gives up a job. It ends long before, unless the ERP hangs."""

_lock = threading.Lock()
_queues: dict[str, Queue] = {}
_failing = False


def ring(settings: Settings) -> None:
    """Ring, if Redis is configured.

    Call it after the commit. Never raises; waits for `SOCKET_SECONDS` at most.
    """
    if not settings.redis_url:
        return
    try:
        queue = _queue(settings.redis_url)
        # A ring that waits covers everything that is committed until it is taken; a second one adds nothing.
        if queue.count == 0:
            queue.enqueue(
                JOB, ttl=KEPT_SECONDS, result_ttl=0, failure_ttl=KEPT_SECONDS, job_timeout=LONGEST_JOB
            )
        _log_change(None)
    except Exception as error:
        _log_change(error)


def connection(url: str, seconds: float = SOCKET_SECONDS) -> redis.Redis:
    """Return a connection to *url* that fails after *seconds* without a reply."""
    return redis.Redis.from_url(
        url, socket_timeout=seconds, socket_connect_timeout=seconds, health_check_interval=0
    )


def _queue(url: str) -> Queue:
    with _lock:
        if url not in _queues:
            _queues[url] = Queue(QUEUE, connection=connection(url), serializer=JSONSerializer)
        return _queues[url]


def _log_change(error: Exception | None) -> None:
    """Log the first failure after a success, and the first success after a failure; count all failures."""
    global _failing
    with _lock:
        if error is None:
            if _failing:
                log.warning("Redis responds again")
            _failing = False
            return
        metrics.DOORBELL_FAILURES.inc()
        if not _failing:
            log.warning("the doorbell cannot be rung; workers poll meanwhile: %s", error)
        _failing = True
