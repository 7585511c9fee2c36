"""The importer: reads one collection of the ERP page by page and publishes what has changed.

Each page is one transaction with its watermark, which advances only from where the page was read. A page
that was overtaken is rolled back whole, so that a slow importer overwrites nothing newer.
"""

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.clock import Clock, instant
from backend.database.core import Sessions
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
"""Records asked for at once."""
FRESHNESS_EVERY = dt.timedelta(minutes=5)
"""How often the phones are told anew that a collection was read to its end."""


@dataclass
class ImportResult:
    """What one reading of a collection did."""

    collection: str
    pages: int = 0
    records: int = 0
    """Rows read, the bad ones included."""
    changed: int = 0
    """Records published, and deletions."""
    rejected: int = 0
    deleted: int = 0
    """Records that a full listing did not hold any more."""
    complete: bool = False
    """Whether it was read to its end."""
    overtaken: bool = False
    """Whether somebody else had read on meanwhile; the page was rolled back."""
    failure: str | None = None
    error_class: ErrorClass | None = None

    def summary(self) -> str:
        """Say in a few words what was done."""
        words = [f"{self.records} read", f"{self.changed} changed"]
        words += [f"{self.deleted} deleted"] if self.deleted else []
        words += [f"{self.rejected} rejected"] if self.rejected else []
        words += ["overtaken by another reading"] if self.overtaken else []
        words += [self.failure] if self.failure else []
        return ", ".join(words)


Progress = Callable[[int, int | None], None]
"""Called after each page: records read so far, and how many a reading from the start gives (None: unknown)."""


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
    """Read *collection* from its watermark to its end; *stop* is asked between pages.

    An ERP that fails leaves one failure on the watermark's row and in the result; database errors are raised.
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
    """Delete what a full listing did not hold; return how many records."""
    listing = reading.listing()
    if listing is None and not reading.lists_keys():
        # Only part of it was read here, and the connector has no other list: the next full one will do.
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
    """One reading, page after page."""

    sessions: Sessions
    connector: Connector
    name: str
    clock: Clock
    over: bool = False
    total: int | None = None
    listed_all: bool = False
    serves_as_list: bool | None = None
    """Whether what was met here is the list of all keys; None until the first page."""
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.collection: Collection = COLLECTIONS[self.name]
        if self.collection.authority == SATCHEL:
            raise ValueError(f"{self.name} is Satchel's own and is not read from an ERP")
        self.result = ImportResult(self.name)
        self.began = self.clock.now()
        with self.sessions() as session, session.begin():
            self.value = watermarks.ensure(session, self.connector.name, self.name).value
            self.head = positions.head(session).position
        self.from_start = self.value is None

    def next_page(self) -> None:
        """Read and publish one page; sets `over` after the last one, or when it was overtaken."""
        page = self.connector.read(self.name, self.value, PAGE)
        if page.more and page.watermark == self.value:
            raise ErpError(
                ErrorClass.UNKNOWN,
                f"The connector reads {self.name} in a circle: there is more, but its watermark stays "
                f"{page.watermark!r}; this is a fault of the connector",
            )
        found = validation.partition(self.collection, page)
        with self.sessions() as session, session.begin() as transaction:
            changed = self._store_page(session, page, found)
            if changed is None:
                transaction.rollback()
        if changed is None:
            log.warning("%s: somebody else has read on from %r; this page is dropped", self.name, self.value)
            self.over = self.result.overtaken = True
            return
        failpoint("ingest.after_publish")
        self.result.pages += 1
        self.result.records += len(page.records) + len(page.bad)
        self.result.rejected += len(found.bad)
        self.result.changed += changed
        if self.serves_as_list is None:
            self.serves_as_list = self.from_start and not self.lists_keys()
        if self.serves_as_list:
            # The only thing that grows with the ERP, so it is kept only where nothing else lists the keys.
            self.seen.update(found.good, (row.external_id[: validation.LONGEST_ID] for row in found.bad))
        self.value = page.watermark
        self.over = self.result.complete = not page.more
        self.listed_all = page.complete_listing
        self.total = page.total

    def listing(self) -> Listing | None:
        """Return the keys that exist, if this reading has met them all; None: the connector is to list them."""
        return Listing(self.seen, self.head) if self.serves_as_list else None

    def lists_keys(self) -> bool:
        """Say whether the connector itself can list all keys."""
        return self.name in self.connector.capabilities().lists_keys

    def _store_page(self, session: Session, page: ReadPage, found: validation.Partitioned) -> int | None:
        """Write one page; return the number of changes, or None if it was overtaken."""
        ours = (self.connector.name, self.name)
        if not watermarks.advance(session, *ours, read_from=self.value, to=page.watermark):
            return None
        now = self.clock.now()
        validation.release(session, *ours, {*found.good, *found.gone})
        validation.quarantine(session, *ours, found.bad, now)
        if not page.more:
            before = watermarks.read_to_the_end(session, *ours, now, all_of_it=self.from_start)
            # A mended line of a file has another number or none; only a whole listing shows that it is gone.
            met_since = self.began if self.from_start else before
            if page.complete_listing and found.good and met_since:
                validation.release_unseen(session, *ours, met_since, inclusive=not self.from_start)
        customer_merges.follow(session, self.name, found.good)
        failpoint("ingest.before_publish")
        changes = diff.changes(session, self.collection, found.good, found.gone)
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
        last = live(session, "freshness", self.name)
        if last and self.began < dt.datetime.fromisoformat(last["as_of"]) + FRESHNESS_EVERY:
            return []
        return [Put("freshness", self.name, {"id": self.name, "as_of": instant(self.began)})]
