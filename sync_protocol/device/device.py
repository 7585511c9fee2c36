"""`Device(folder)`: a rep's device, whole. Everything but `enrol` and `sync` works without a network."""

import datetime as dt
import platform
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from sync_protocol.device import APP_VERSION
from sync_protocol.device.capture import amendments, capture, documents, views
from sync_protocol.device.capture.documents import Document
from sync_protocol.device.errors import EnrolAgain, NotEnrolled, Problem, Revoked
from sync_protocol.device.session import session, wipe
from sync_protocol.device.session.backoff import Backoff
from sync_protocol.device.session.session import Identity, Session
from sync_protocol.device.session.transport import Transport, checked_server
from sync_protocol.device.store import checks, offers, outbox, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.offers import Standing
from sync_protocol.device.store.partfile import PartFolder
from sync_protocol.device.store.receipts import ReceiptFile, ReceiptFolder
from sync_protocol.device.store.replica import SyncState
from sync_protocol.device.sync.loop import Sync
from sync_protocol.device.sync.page_size import PageSize
from sync_protocol.device.sync.report import SyncReport


@dataclass(frozen=True)
class Status:
    """Where the device stands, for a screen."""

    identity: Identity | None
    sync_state: SyncState
    counts: dict[str, int]
    documents: list[Document]
    freshness: dict[str, str]
    offered: Standing
    """How much of a download that is under way has been applied."""


class Device:
    """A replica, an outbox and a session in *folder*. Use it in the thread that made it, and close it."""

    def __init__(
        self,
        folder: Path | str,
        *,
        http: httpx.BaseTransport | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
        zone: str | None = None,
        limit_bytes: int | None = None,
        grace: dt.timedelta = outbox.GRACE,
    ) -> None:
        """Open the device in *folder*, making it if needed; raises `DatabaseRefused`.

        *http* replaces the network in tests. *now*, *sleep* and *draw* are the clock, the wait and the
        jitter. *limit_bytes* is the size of a page to ask for on a good line; *grace* how long a finished
        document is kept.
        """
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.db = Database(self.folder / "satchel.sqlite3")
        self.files = ReceiptFolder(self.folder / "receipts")
        self.parts = PartFolder(self.folder / "segments")
        self.zone = zone or capture.local_zone()
        self._http = http
        self._now = now
        self._sleep = sleep
        self._draw = draw
        self._size = PageSize(limit_bytes)
        self._grace = grace
        self._transport: Transport | None = None
        self.parts.sweep(self.db)
        if self.identity is None:
            self.files.sweep(self.db)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database and the connection."""
        if self._transport is not None:
            self._transport.close()
        self.db.close()

    @property
    def identity(self) -> Identity | None:
        """Who this device is, or None if it is not enrolled."""
        return session.identity(self.db)

    def _enrolled(self) -> Identity:
        who = self.identity
        if who is None:
            raise NotEnrolled
        return who

    def today(self) -> dt.date:
        """Return the date where the rep is."""
        return self._now().astimezone(capture.zone_info(self.zone)).date()

    def enrol(self, code: str, server: str, *, name: str | None = None, allow_http: bool = False) -> Identity:
        """Enrol with the office's one-time code at *server*; the same code may be tried again."""
        transport = Transport(checked_server(server, allow_http=allow_http), http=self._http)
        try:
            who = session.enrol(
                self.db, self.folder, transport, code.strip(), name=name or platform.node() or "device",
                app_version=APP_VERSION, clock=self._now().timestamp(),
            )  # fmt: skip
        finally:
            transport.close()
        # Half a segment of the rep before holds records as the replica did.
        self.parts.sweep(self.db)
        return who

    def _connect(self, server: str) -> Transport:
        if self._transport is None or self._transport.server != server:
            if self._transport is not None:
                self._transport.close()
            self._transport = Transport(server, http=self._http)
        return self._transport

    def sync(
        self, on_progress: Callable[[SyncReport], None] = lambda report: None, *, deep: bool = False
    ) -> SyncReport:
        """Sync once and return what happened; `problem` in the report says why it stopped early.

        *on_progress* is called after each page and each piece of a segment. With *deep* every hash is made
        anew from what is stored before the replica is compared with the server's.

        Raises `NotEnrolled`, `EnrolAgain`, and `Revoked` after the device has been wiped.
        """
        who = self._enrolled()
        transport = self._connect(who.server)
        received, sent = transport.received, transport.sent
        talk = Session(self.db, self.folder, transport, lambda: self._now().timestamp())
        loop = Sync(
            self.db, self.files, self.parts, talk.request, talk.download, rep=who.rep,
            now=lambda: capture.instant(self._now()), size=self._size, grace=self._grace,
            deep=deep, on_progress=on_progress,
        )  # fmt: skip
        try:
            report = loop.run()
        except Problem as problem:
            if not problem.wipe:
                raise EnrolAgain(f"{problem.detail}; enrol again with a new code, the outbox is kept") from None
            raise Revoked(wipe.wipe(self.db, self.files, self.parts, self.folder)) from None
        report.received, report.sent = transport.received - received, transport.sent - sent
        return report

    def sync_until_done(
        self,
        tries: int = 5,
        on_progress: Callable[[SyncReport], None] = lambda report: None,
        *,
        deep: bool = False,
    ) -> SyncReport:
        """Sync until nothing stops it, at most *tries* times without progress, waiting in between."""
        backoff = Backoff(draw=self._draw)
        while True:
            report = self.sync(on_progress, deep=deep)
            if report.problem is None:
                return report
            if report.pages or report.fetched or report.results or report.receipts:
                backoff.failures = 0
            wait = backoff.failed(report.retry_after)
            if backoff.failures >= tries:
                return report
            self._sleep(wait)

    def watch(
        self, on_progress: Callable[[SyncReport], None] = lambda report: None
    ) -> Iterator[tuple[SyncReport, float]]:
        """Sync for ever: yield each report with the seconds until the next sync, then wait them."""
        backoff = Backoff(draw=self._draw)
        while True:
            report = self.sync(on_progress)
            if report.problem is None:
                wait = backoff.worked(report.poll_after)
            else:
                wait = backoff.failed(report.retry_after)
            yield report, wait
            self._sleep(wait)

    def capture(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        receipts: Sequence[ReceiptFile] = (),
        supersedes: str | None = None,
        depends_on: Sequence[str] = (),
    ) -> Document:
        """Store a document durably; when this returns it is safe to say "saved". Raises `CaptureRefused`."""
        return capture.capture(
            self.db, self.files, rep=self._enrolled().rep, kind=kind, body=body, receipts=receipts,
            supersedes=supersedes, depends_on=depends_on, now=self._now(), zone=self.zone,
        )  # fmt: skip

    def withdraw(self, id: str, reason: str | None = None) -> Document:
        """Take back a document before it is sent to the ERP; see `amendments.withdraw` for what is raised."""
        return amendments.withdraw(
            self.db, self.files, rep=self._enrolled().rep, id=id, reason=reason, now=self._now(), zone=self.zone
        )

    def request_change(self, id: str, action: str, message: str) -> Document:
        """Ask the office to change or cancel what the ERP has; raises as `amendments.request_change`."""
        return amendments.request_change(
            self.db, self.files, rep=self._enrolled().rep, id=id, action=action, message=message,
            now=self._now(), zone=self.zone,
        )  # fmt: skip

    def editable_body(self, id: str) -> tuple[str, dict[str, Any]]:
        """Return kind and body of a document, of which an edited copy is then captured; raises `NotFound`."""
        return amendments.editable_body(self.db, id)

    def dismiss(self, id: str) -> None:
        """Put a document aside that never left the device or was refused; raises `DeviceError` for others."""
        documents.dismiss(self.db, id, capture.instant(self._now()))

    def retry_push(self, id: str) -> None:
        """Push a document again that was held back; raises `NotFound`."""
        documents.retry_push(self.db, id)

    def documents(self) -> list[Document]:
        """Return the outbox, oldest first."""
        return documents.documents(self.db)

    def record(self, collection: str, key: str) -> dict[str, Any] | None:
        """Return one record of the replica, or None."""
        return replica.record(self.db, collection, key)

    def records(self, collection: str, match: str = "", limit: int = -1) -> list[dict[str, Any]]:
        """Return the records of *collection* that have every word of *match*."""
        return replica.records(self.db, collection, match, limit)

    def status(self) -> Status:
        """Return where the device stands."""
        freshness = {row["id"]: row["as_of"] for row in replica.records(self.db, "freshness")}
        return Status(
            self.identity, replica.sync_state(self.db), replica.counts(self.db), self.documents(), freshness,
            offers.standing(self.db),
        )  # fmt: skip

    def integrity_errors(self) -> list[str]:
        """Return what is wrong with what this device stores; an empty list if nothing is."""
        return (
            self.db.integrity_errors() + outbox.integrity_errors(self.db) + self.files.integrity_errors(self.db)
        )

    def local_mismatch(self) -> str | None:
        """Look at every body that is stored, without a network; say in words if the next sync has to repair.

        None means that the replica is what the last complete page said it is.
        """
        mended, held = checks.rehash(self.db), replica.sync_state(self.db)
        if mended:
            return f"records that were altered on this device: {mended:,}; the next sync repairs them"
        if held.check is not None and checks.total(self.db) != held.check:
            return "the records are not those that the server named; the next sync repairs them"
        return None

    def customer(self, key: str) -> views.CustomerPage:
        """Return everything about a customer; raises `NotFound`."""
        return views.customer_page(self.db, key)

    def products(self, match: str, customer: str | None = None, limit: int = 50) -> list[views.ProductLine]:
        """Return products with price and stock, the price for *customer* where one is named."""
        buyer = views.find_one(self.db, "customers", customer) if customer else None
        return views.product_search(self.db, match, buyer, self.today().isoformat(), limit)
