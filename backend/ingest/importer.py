"""The importer: read one collection of the ERP page by page and publish what has changed.

Each page is one transaction with its watermark, which advances only from where the page was read. If another
importer has advanced it meanwhile, the whole page is rolled back: a slow importer overwrites nothing newer.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.clock import Clock, instant, is_ahead
from backend.database.core import Sessions
from backend.erp.call_metrics import measured
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import ReadPage
from backend.failpoints import failpoint
from backend.feed import positions
from backend.feed.changes import MAX_CHANGES, live, publish
from backend.ingest import customer_merges, diff, validation, watermarks
from backend.ingest.sweep import Listing, sweep
from backend.settings import Settings
from sync_protocol.catalogue import COLLECTIONS
from sync_protocol.change import Change, Put
from sync_protocol.collection import SATCHEL, Collection

log = logging.getLogger(__name__)

PAGE = 500
"""Records requested in one call."""
FRESHNESS_EVERY = dt.timedelta(minutes=5)
"""How often phones are told again that a collection was read to its end."""


@dataclass
class ImportResult:
    """The result of one reading of a collection."""

    collection: str
    pages: int = 0
    records: int = 0
    """Rows read, bad ones included."""
    changed: int = 0
    """Records published and deletions."""
    rejected: int = 0
    deleted: int = 0
    """Records that a full listing no longer contains."""
    complete: bool = False
    """Whether the end was reached."""
    overtaken: bool = False
    """Whether another importer had advanced the watermark; the page was rolled back."""
    failure: str | None = None
    error_class: ErrorClass | None = None

    def summary(self) -> str:
        """Return the result in a few words, for the terminal."""
        parts = [f"{self.records} read", f"{self.changed} changed"]
        parts += [f"{self.deleted} deleted"] if self.deleted else []
        parts += [f"{self.rejected} rejected"] if self.rejected else []
        parts += ["overtaken by another reading"] if self.overtaken else []
        parts += [self.failure] if self.failure else []
        return ", ".join(parts)


Progress = Callable[[int, int | None], None]
"""Called after each page with the records read so far and the total of a reading from the start (or None)."""


def import_collection(
    sessions: Sessions,
    connector: Connector,
    collection: str,
    *,
    clock: Clock,
    settings: Settings,
    progress: Progress | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> ImportResult:
    """Read *collection* from its watermark to its end, or until *stop* (called between pages) returns True.

    If the ERP fails, the watermark's row and the result get one failure; database errors are raised.
    """
    reading = _CollectionReader(sessions, connector, collection, clock)
    result = reading.result
    try:
        while not stop() and not reading.over:
            reading.next_page()
            if progress is not None and not result.overtaken:
                progress(result.records, reading.total)
        if reading.listed_all:
            result.deleted = _sweep(reading, settings)
    except ErpError as error:
        _fail(reading, error.message, error.error_class, clock.now())
    except SQLAlchemyError:
        raise
    except Exception as error:
        log.exception("reading %s failed in the connector", collection)
        message = f"Reading {collection} failed: {error!r}; see the worker's log"
        _fail(reading, message, ErrorClass.UNKNOWN, clock.now())
    return result


def _sweep(reading: "_CollectionReader", settings: Settings) -> int:
    """Delete the records that a full listing does not contain; return how many."""
    listing = reading.listing()
    if listing is None and not reading.lists_keys():
        # Only a part was read here and the connector cannot list keys; the next full reading finds deletions.
        return 0
    return sweep(
        reading.sessions,
        reading.connector,
        reading.name,
        clock=reading.clock,
        settings=settings,
        listing=listing,
    ).deleted


def _fail(reading: "_CollectionReader", message: str, error_class: ErrorClass, now: dt.datetime) -> None:
    reading.result.failure, reading.result.error_class = message, error_class
    with reading.sessions() as session, session.begin():
        watermarks.fail(session, reading.connector.name, reading.name, message, now)


@dataclass
class _CollectionReader:
    """One reading of a collection, page by page."""

    sessions: Sessions
    connector: Connector
    name: str
    clock: Clock
    over: bool = False
    total: int | None = None
    listed_all: bool = False
    serves_as_list: bool | None = None
    """Whether the keys read here are the list of all keys; None until the first page."""
    seen_keys: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.collection: Collection = COLLECTIONS[self.name]
        if self.collection.authority == SATCHEL:
            raise ValueError(f"{self.name} is owned by Satchel and not read from an ERP")
        self.result = ImportResult(self.name)
        self.began = self.clock.now()
        with self.sessions() as session, session.begin():
            self.value = watermarks.ensure(session, self.connector.name, self.name).value
            self.head = positions.head(session).position
        self.from_start = self.value is None

    def next_page(self) -> None:
        """Read and publish one page. Set `over` after the last page or if it was overtaken.

        Raises the connector's `ErpError`, also for a connector that does not advance its watermark.
        """
        with measured(self.connector.name, "read"):
            page = self.connector.read(self.name, self.value, PAGE)
        if page.more and page.watermark == self.value:
            raise ErpError(
                ErrorClass.UNKNOWN,
                f"The connector reports more {self.name} but returns the same watermark, {page.watermark!r}. "
                "This is a bug in the connector.",
            )
        parts = validation.partition(self.collection, page)
        with self.sessions() as session, session.begin() as transaction:
            changed = self._store_page(session, page, parts)
            if changed is None:
                transaction.rollback()
        if changed is None:
            log.warning(
                "%s: another importer has advanced the watermark from %r; this page is dropped",
                self.name,
                self.value,
            )
            self.over = self.result.overtaken = True
            return
        failpoint("ingest.after_publish")
        self.result.pages += 1
        self.result.records += len(page.records) + len(page.bad)
        self.result.rejected += len(parts.bad)
        self.result.changed += changed
        if self.serves_as_list is None:
            self.serves_as_list = self.from_start and not self.lists_keys()
        if self.serves_as_list:
            # This grows with the ERP, so it is kept only if the connector cannot list keys.
            bad_ids = (validation.row_id(row.external_id) for row in parts.bad)
            self.seen_keys.update(parts.good, parts.invalid_keys, bad_ids)
        self.value = page.watermark
        self.over = self.result.complete = not page.more
        self.listed_all = page.complete_listing
        self.total = page.total

    def listing(self) -> Listing | None:
        """Return the keys that exist if this reading read them all; None if the connector must list them."""
        return Listing(self.seen_keys, self.head) if self.serves_as_list else None

    def lists_keys(self) -> bool:
        """Return whether the connector can list all keys."""
        with measured(self.connector.name, "capabilities"):
            return self.name in self.connector.capabilities().lists_keys

    def _store_page(self, session: Session, page: ReadPage, parts: validation.Partitioned) -> int | None:
        """Write one page; return the number of changes, or None if it was overtaken."""
        watermark_id = (self.connector.name, self.name)
        if not watermarks.advance(session, *watermark_id, read_from=self.value, to=page.watermark):
            return None
        now = self.clock.now()
        validation.release(session, *watermark_id, {*parts.good, *parts.gone})
        validation.quarantine(session, *watermark_id, parts.bad, now)
        if not page.more:
            before = watermarks.read_to_the_end(session, *watermark_id, now, all_of_it=self.from_start)
            # A corrected line of a file may have another number; only a full listing shows that a row is gone.
            met_since = self.began if self.from_start else before
            if page.complete_listing and parts.good and met_since:
                validation.release_unseen(session, *watermark_id, met_since, inclusive=not self.from_start)
        customer_merges.follow(session, self.name, parts.good)
        failpoint("ingest.before_publish")
        changes = diff.changes(session, self.collection, parts.good, parts.gone)
        fresh = self._freshness(session) if not page.more else []
        if len(changes) + len(fresh) > MAX_CHANGES:
            raise ErpError(
                ErrorClass.UNKNOWN,
                f"The connector gave {len(changes)} records of {self.name} at once; {PAGE} were asked for",
            )
        if changes or fresh:
            publish(session, [*changes, *fresh])
        return len(changes)

    def _freshness(self, session: Session) -> list[Change]:
        last = live(session, "freshness", self.name, by_index=True)
        if last is not None:
            as_of = dt.datetime.fromisoformat(last["as_of"])
            # One of tomorrow was written while our clock was wrong.
            if self.began < as_of + FRESHNESS_EVERY and not is_ahead(as_of, self.began):
                return []
        return [Put("freshness", self.name, {"id": self.name, "as_of": instant(self.began)})]
