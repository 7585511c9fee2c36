"""The schedule: what to read from the ERP now, parents before the collections that follow them."""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from backend import metrics
from backend.clock import Clock, is_ahead
from backend.database.core import Sessions, snapshot
from backend.erp.call_metrics import measured
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Capabilities
from backend.ingest.full_comparison import compare
from backend.ingest.importer import ImportResult, import_collection
from backend.ingest.models import Watermark
from backend.ingest.quarantine_retry import retry
from backend.ingest.sweep import sweep
from backend.logs import LogOnce
from backend.retry import Backoff
from backend.settings import Settings
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.collection import SATCHEL

log = logging.getLogger(__name__)

PAGES_A_ROUND = 10
"""Pages of a comparison between two readings of what changed."""
_ERP_AWAY = frozenset({ErrorClass.TRANSIENT, ErrorClass.CONFIG})
"""Failures that every other collection would have too."""


@dataclass
class Schedule:
    """Read what is due from one connector. Failures are counted here and delay the next try."""

    sessions: Sessions
    connector: Connector
    clock: Clock
    settings: Settings
    _failures: dict[str, int] = field(default_factory=dict)
    _not_before: dict[str, dt.datetime] = field(default_factory=dict)
    _warnings: LogOnce = field(default_factory=lambda: LogOnce(log))

    def run_due(self, stop: Callable[[], bool] = lambda: False) -> list[ImportResult]:
        """Read and sweep what is due, in the connector's order. Return the results of the readings."""
        now = self.clock.now()
        if now < self._not_before.get("", now):
            return []
        try:
            with measured(self.connector.name, "capabilities"):
                capabilities = self.connector.capabilities()
        except ErpError as error:
            self._failed("", now)
            self._warnings.warn("", error.message)
            return []
        self._warnings.forget("")
        results: list[ImportResult] = []
        for collection in self._collections(capabilities):
            if stop():
                break
            result = self._read_if_due(collection, stop)
            if result is None:
                continue
            results.append(result)
            if result.error_class in _ERP_AWAY:
                # Parents come first: the collections after this one need it.
                self._failed("", self.clock.now())
                return results
        self._failures.pop("", None)
        for collection in self._collections(capabilities):
            if collection in capabilities.lists_keys and not stop():
                self._sweep_if_due(collection)
        for collection in self._collections(capabilities):
            if not stop():
                self._next_collection(f"retry {collection}", partial(self._retry, collection))
            if not stop() and self._comparison_is_due(collection):
                self._next_collection(f"compare {collection}", partial(self._compare, collection, stop))
        return results

    def _read_if_due(self, collection: str, stop: Callable[[], bool]) -> ImportResult | None:
        now = self.clock.now()
        row = self._watermark(collection)
        pause = dt.timedelta(seconds=self.settings.ingest_seconds)
        # A failed collection has a growing pause of its own, which `read_at` does not show.
        if now < self._not_before.get(collection, now):
            return None
        read_at = row.read_at if row is not None and row.failing_since is None else None
        if not _is_due(read_at, pause, now):
            return None
        result = import_collection(
            self.sessions,
            self.connector,
            collection,
            clock=self.clock,
            settings=self.settings,
            stop=stop,
        )
        metrics.count_reading(collection, result.records, result.changed, result.failure is not None)
        self._note(collection, result.failure is not None)
        return result

    def _sweep_if_due(self, collection: str) -> None:
        now = self.clock.now()
        row = self._watermark(collection)
        job = f"sweep {collection}"
        if row is None or row.read_at is None or now < self._not_before.get(job, now):
            return
        pause = dt.timedelta(seconds=self.settings.sweep_seconds)
        if _is_due(row.swept_at, pause, now):
            done = sweep(self.sessions, self.connector, collection, clock=self.clock, settings=self.settings)
            self._note(job, done.failure is not None)

    def _retry(self, collection: str) -> str | None:
        """Read the rows in quarantine that are due again."""
        retry(self.sessions, self.connector, collection, clock=self.clock)
        return None

    def _comparison_is_due(self, collection: str) -> bool:
        row = self._watermark(collection)
        if row is None or row.read_at is None or row.failing_since is not None:
            return False
        pause = dt.timedelta(days=self.settings.compare_days)
        return row.compare_value is not None or _is_due(row.compared_at, pause, self.clock.now())

    def _compare(self, collection: str, stop: Callable[[], bool]) -> str | None:
        """Compare some pages. The rest follows in later rounds, so that changes are read in between."""
        return compare(
            self.sessions, self.connector, collection,
            clock=self.clock, settings=self.settings, most_pages=PAGES_A_ROUND, stop=stop,
        ).failure  # fmt: skip

    def _next_collection(self, name: str, job: Callable[[], str | None]) -> None:
        """Run *job* unless it failed a moment ago. A failure is logged and never stops the readings."""
        if self.clock.now() < self._not_before.get(name, self.clock.now()):
            return
        try:
            failure = job()
        except ErpError as error:
            failure = error.message
        except SQLAlchemyError:
            raise
        except Exception as error:
            log.exception("%s failed in the connector", name)
            failure = repr(error)
        if failure is not None:
            log.warning("%s: %s", name, failure)
        self._note(name, failure is not None)

    def _watermark(self, collection: str) -> Watermark | None:
        with self.sessions() as session, session.begin():
            snapshot(session)
            return session.get(Watermark, (self.connector.name, collection))

    def _note(self, collection: str, failed: bool) -> None:
        if failed:
            self._failed(collection, self.clock.now())
        else:
            self._failures.pop(collection, None)
            self._not_before.pop(collection, None)

    def _failed(self, job: str, now: dt.datetime) -> None:
        """Delay the next try: each failure in a row doubles the pause, up to the cap."""
        count = self._failures.get(job, 0)
        self._failures[job] = count + 1
        backoff = Backoff(self.settings.backoff_base_seconds, self.settings.backoff_cap_seconds)
        self._not_before[job] = now + dt.timedelta(seconds=backoff.ceiling(count))

    def _collections(self, capabilities: Capabilities) -> list[str]:
        names = []
        for name in capabilities.collections:
            collection = COLLECTIONS.get(name)
            if collection is None or collection.authority == SATCHEL:
                self._warnings.warn(
                    name, f"{self.connector.name} offers {name}, which the catalogue does not read from an ERP"
                )
            else:
                names.append(name)
        return names


def _is_due(last: dt.datetime | None, pause: dt.timedelta, now: dt.datetime) -> bool:
    """Say whether *pause* has passed since *last*. A time of tomorrow was stored while our clock was wrong."""
    return last is None or now >= last + pause or is_ahead(last, now)
