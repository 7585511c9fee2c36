"""Counters and histograms that the code updates as it runs: `metrics.PUSH_RESULTS.labels(status).inc()`.

docs/metrics.md describes each one; a test compares the two. Labels have few values: never a device, a rep, a
customer or a document. Names follow https://prometheus.io/docs/practices/naming/. Counting takes no SQL
statement. Metrics that a scrape reads from the database are in `backend.gauges`.
"""

from collections import Counter as Tally
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from backend.metrics.metric import Counter, Histogram, Metric
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE
from sync_protocol.push import ResultJson, Status


class DropCause(StrEnum):
    """Why a phone must delete a stream."""

    REVOKED = "revoked"
    """The rep may no longer read it, or the app's catalogue does not have it."""
    COMPACTED = "compacted"
    """Tombstones that the phone had not read were deleted, so it reads the stream again."""
    EPOCH = "epoch"
    """The phone had read only a part of it when a new epoch started, so it reads the stream again."""


HTTP_REQUESTS = Counter(
    "satchel_http_requests_total", "Requests answered.", ("method", "route", "status"), most=200
)
HTTP_SECONDS = Histogram(
    "satchel_http_request_duration_seconds", "Time from the arrival of a request to its reply.", ("route",)
)
HTTP_PROBLEMS = Counter("satchel_http_problems_total", "Requests answered with an error, by code.", ("code",))

PUSHES = Counter("satchel_pushes_total", "Committed pushes with at least one document.")
PUSH_BYTES = Counter("satchel_push_body_bytes_total", "Bytes of the bodies of these pushes, as received.")
PUSH_RESULTS = Counter(
    "satchel_push_results_total",
    "Results of pushed documents.",
    ("status",),
    known=[(s.value,) for s in Status],
)

PAGES = Counter(
    "satchel_pull_pages_total",
    "Pages of changes, by whether they contained any.",
    ("result",),
    known=[("unchanged",), ("idle",), ("changes",)],
)
PAGE_BYTES = Counter("satchel_pull_page_bytes_total", "Bytes of pages, before compression.")
PAGE_ROWS = Counter("satchel_pull_rows_total", "Records and tombstones in pages.")
RESETS = Counter(
    "satchel_pull_resets_total",
    "Pages that told a phone to download everything again, or to compare its replica.",
    ("reset",),
    known=[(RESET_EPOCH,), (RESET_REBASE,)],
)
DROPS = Counter(
    "satchel_pull_dropped_streams_total",
    "Streams that a page without a full reset told a phone to delete, by cause.",
    ("cause",),
    known=[(cause,) for cause in DropCause],
)
STANDBY_READS = Counter(
    "satchel_standby_reads_total",
    "Reads of the feed by web processes with a standby, by whether it served them or why not.",
    ("result",),
    known=[("served",), ("behind",), ("busy",), ("conflict",), ("failed",), ("unavailable",), ("refused",)],
)
MISMATCHES = Counter("satchel_replica_mismatches_total", "Streams in which a phone differed from the server.")

SEGMENT_SECONDS = Histogram("satchel_segment_build_duration_seconds", "Time to build the segments of a stream.")
SEGMENT_BYTES = Counter("satchel_segment_sent_bytes_total", "Bytes of segments sent by the web processes.")
SEGMENTS_WITHDRAWN = Counter(
    "satchel_segment_withdrawals_total",
    "Segments whose file was missing or truncated when it was requested.",
)

ERP_CALLS = Histogram(
    "satchel_erp_call_duration_seconds",
    "Duration of calls to the ERP that forward documents, by outcome.",
    ("connector", "step", "outcome"),
)
ERP_OTHER_CALLS = Histogram(
    "satchel_erp_other_call_duration_seconds",
    "Duration of calls to the ERP that do not forward a document, by outcome.",
    ("connector", "call", "outcome"),
    most=80,
)
ATTEMPTS = Counter(
    "satchel_erp_attempts_total", "Attempts to forward a document, by outcome.", ("connector", "outcome")
)
SETTLED = Counter("satchel_settlements_total", "Forwarded documents, by their new state.", ("state",))
RECEIPT_CHECKS = Counter(
    "satchel_receipt_checks_total",
    "Checks of receipts, by result; failed ones were killed, too slow or not understood, and are repeated.",
    ("result",),
    known=[("checked",), ("refused",), ("failed",)],
)
LEASES_LOST = Counter(
    "satchel_leases_lost_total",
    "Documents whose lease passed to another worker, by when their worker noticed it.",
    ("phase",),
    known=[("sending",), ("settling",)],
)
LEASES_EXPIRED = Counter(
    "satchel_leases_expired_total", "Leases that ended without a result, so that a worker took them back."
)

REFRESH_REUSES = Counter(
    "satchel_refresh_token_reuses_total",
    "Reuses of a refresh token that had been replaced more than one generation ago; each ended an enrolment.",
)

INGEST_RECORDS = Counter("satchel_ingest_records_total", "Records read from the ERP.", ("collection",))
INGEST_CHANGES = Counter(
    "satchel_ingest_changes_total", "Records read from the ERP that had changed.", ("collection",)
)
INGEST_FAILURES = Counter("satchel_ingest_failures_total", "Reads of the ERP that failed.", ("collection",))

DOORBELL_FAILURES = Counter("satchel_doorbell_failures_total", "Failed attempts to ring the doorbell in Redis.")
WORKER_FAILURES = Counter(
    "satchel_worker_failures_total",
    "Failed runs of a worker's job.",
    ("job",),
    known=[("forward",), ("receipts",), ("maintenance",), ("ingest",), ("segments",)],
)

METRICS: tuple[Metric[Any], ...] = tuple(value for value in globals().values() if isinstance(value, Metric))

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str, route: str | None, status: int, code: str | None, seconds: float) -> None:
    """Count a request. *route* is the pattern of its URL (None: unknown URL), *code* the error code, if any."""
    route = route or "none"
    HTTP_REQUESTS.labels(method if method in _METHODS else "other", route, str(status)).inc()
    HTTP_SECONDS.labels(route).observe(seconds)
    if code is not None:
        HTTP_PROBLEMS.labels(code).inc()


def count_push(results: list[ResultJson], size: int) -> None:
    """Count a committed push: its *results*, as `sync_protocol.push.result` makes them, and *size* in bytes."""
    PUSHES.inc()
    PUSH_BYTES.inc(size)
    for status, count in Tally(str(result["status"]) for result in results).items():
        PUSH_RESULTS.labels(status).inc(count)


def count_page(idle: bool, size: int, rows: int, reset: str | None, drop_causes: Iterable[DropCause]) -> None:
    """Count a page of *size* bytes.

    Args:
        idle: Whether it contained no changes.
        rows: Its records and tombstones.
        reset: Its `reset`, if any.
        drop_causes: The cause of each stream in its `drop`.
    """
    PAGES.labels("idle" if idle else "changes").inc()
    PAGE_BYTES.inc(size)
    PAGE_ROWS.inc(rows)
    if reset is not None:
        RESETS.labels(reset).inc()
    for cause in drop_causes:
        DROPS.labels(cause).inc()


def count_call(connector: str, step: str, outcome: str, seconds: float) -> None:
    """Count a call to the ERP that forwards a document and took *seconds*."""
    ERP_CALLS.labels(connector, step, outcome).observe(seconds)
    ATTEMPTS.labels(connector, outcome).inc()


def count_other_call(connector: str, call: str, outcome: str, seconds: float) -> None:
    """Count a call to the ERP that does not forward a document and took *seconds*."""
    ERP_OTHER_CALLS.labels(connector, call, outcome).observe(seconds)


def count_reading(collection: str, records: int, changed: int, failed: bool) -> None:
    """Count one read of *collection*."""
    INGEST_RECORDS.labels(collection).inc(records)
    INGEST_CHANGES.labels(collection).inc(changed)
    INGEST_FAILURES.labels(collection).inc(failed)
