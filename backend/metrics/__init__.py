"""Metrics that the code counts as it runs: `metrics.PUSH_RESULTS.labels(status).inc()`.

Each is described in docs/metrics.md; a test compares. Labels have few values: never a device, a rep, a customer
or a document. Names follow https://prometheus.io/docs/practices/naming/. Counting takes no SQL statement. What
is read from the database at a scrape is in `backend.gauges`.
"""

from collections import Counter as Tally
from typing import Any

from backend.metrics.metric import Counter, Histogram, Metric
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE
from sync_protocol.push import Status

HTTP_REQUESTS = Counter(
    "satchel_http_requests_total", "Requests answered.", ("method", "route", "status"), most=200
)
HTTP_SECONDS = Histogram(
    "satchel_http_request_duration_seconds", "Time from a request's arrival to its answer.", ("route",)
)
HTTP_PROBLEMS = Counter("satchel_http_problems_total", "Requests answered with an error, by code.", ("code",))

PUSHES = Counter("satchel_pushes_total", "Pushes with at least one document that were committed.")
PUSH_RESULTS = Counter(
    "satchel_push_results_total",
    "Results of pushed documents.",
    ("status",),
    known=[(s.value,) for s in Status],
)

PAGES = Counter(
    "satchel_pull_pages_total",
    "Pages of changes, by whether there was anything new.",
    ("result",),
    known=[("unchanged",), ("idle",), ("changes",)],
)
PAGE_BYTES = Counter("satchel_pull_page_bytes_total", "Bytes of pages before compression.")
PAGE_ROWS = Counter("satchel_pull_rows_total", "Records and tombstones in pages.")
RESETS = Counter(
    "satchel_pull_resets_total",
    "Pages that told a phone to begin again or to compare its replica.",
    ("reset",),
    known=[(RESET_EPOCH,), (RESET_REBASE,)],
)
MISMATCHES = Counter("satchel_replica_mismatches_total", "Streams in which a phone was found to differ.")

SEGMENT_SECONDS = Histogram("satchel_segment_build_duration_seconds", "Time to build a stream's segments.")
SEGMENT_BYTES = Counter("satchel_segment_sent_bytes_total", "Bytes of segments sent by the web processes.")
SEGMENTS_WITHDRAWN = Counter(
    "satchel_segment_withdrawals_total", "Segments whose file was found missing or cut short when asked for."
)

ERP_CALLS = Histogram(
    "satchel_erp_call_duration_seconds",
    "Calls that forward documents: how long the ERP took, and what came of them.",
    ("connector", "step", "outcome"),
)
ATTEMPTS = Counter(
    "satchel_erp_attempts_total", "Attempts to forward a document, by outcome.", ("connector", "outcome")
)
SETTLED = Counter("satchel_settlements_total", "Forwarded documents, by the state that they got.", ("state",))
LEASES_LOST = Counter(
    "satchel_leases_lost_total", "Documents that a worker lost to another while it sent them."
)

INGEST_RECORDS = Counter("satchel_ingest_records_total", "Records read from the ERP.", ("collection",))
INGEST_CHANGES = Counter(
    "satchel_ingest_changes_total", "Records of the ERP that had changed.", ("collection",)
)
INGEST_FAILURES = Counter(
    "satchel_ingest_failures_total", "Readings of the ERP that ended with a failure.", ("collection",)
)

DOORBELL_FAILURES = Counter("satchel_doorbell_failures_total", "Times that Redis did not take the doorbell.")
WORKER_FAILURES = Counter(
    "satchel_worker_failures_total",
    "Rounds of a worker's job that failed.",
    ("job",),
    known=[("forward",), ("upkeep",), ("ingest",), ("segments",)],
)

METRICS: tuple[Metric[Any], ...] = tuple(value for value in globals().values() if isinstance(value, Metric))

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str, route: str | None, status: int, code: str | None, seconds: float) -> None:
    """Count an answered request. *route* is the address's pattern (None: no such address)."""
    route = route or "none"
    HTTP_REQUESTS.labels(method if method in _METHODS else "other", route, str(status)).inc()
    HTTP_SECONDS.labels(route).observe(seconds)
    if code is not None:
        HTTP_PROBLEMS.labels(code).inc()


def count_push(results: list[dict[str, object]]) -> None:
    """Count a push that is committed, by its *results* (`sync_protocol.push.result`)."""
    PUSHES.inc()
    for status, count in Tally(str(result["status"]) for result in results).items():
        PUSH_RESULTS.labels(status).inc(count)


def count_page(idle: bool, size: int) -> None:
    """Count a page of *size* bytes."""
    PAGES.labels("idle" if idle else "changes").inc()
    PAGE_BYTES.inc(size)


def count_call(connector: str, step: str, outcome: str, seconds: float) -> None:
    """Count a call to the ERP that has ended, *seconds* after it began."""
    ERP_CALLS.labels(connector, step, outcome).observe(seconds)
    ATTEMPTS.labels(connector, outcome).inc()


def count_reading(collection: str, records: int, changed: int, failed: bool) -> None:
    """Count a reading of *collection*."""
    INGEST_RECORDS.labels(collection).inc(records)
    INGEST_CHANGES.labels(collection).inc(changed)
    INGEST_FAILURES.labels(collection).inc(failed)
