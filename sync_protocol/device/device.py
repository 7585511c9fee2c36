"""`Device(folder)`: the whole device of a rep. Only `enrol` and the syncs need a network.

This is a facade: each method calls one function of the packages below, with this device's database, files, rep
and clock.
"""

import datetime as dt
import platform
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from sync_protocol.device import APP_VERSION
from sync_protocol.device.capture import amendments, capture, documents, views
from sync_protocol.device.capture.documents import Document
from sync_protocol.device.errors import EnrolAgain, NotEnrolled, Problem, Revoked
from sync_protocol.device.session import session, wipe, wipe_confirmation
from sync_protocol.device.session.session import Identity, Session
from sync_protocol.device.session.transport import Transport, checked_server
from sync_protocol.device.store import checks, offers, outbox, replica
from sync_protocol.device.store.clock import DeviceClock, Uptime, system_time, system_uptime
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.offers import DownloadProgress
from sync_protocol.device.store.partfile import PartFolder
from sync_protocol.device.store.private import make_private
from sync_protocol.device.store.receipts import ReceiptFile, ReceiptFolder
from sync_protocol.device.store.replica import SyncState
from sync_protocol.device.sync import schedule
from sync_protocol.device.sync.loop import Sync
from sync_protocol.device.sync.page_size import PageSize
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.device.sync.schedule import Backoff
from sync_protocol.json_types import Body, NewBody, NewRecord
from sync_protocol.zone import date_in


@dataclass(frozen=True)
class Status:
    """The state of the device, for a screen."""

    identity: Identity | None
    sync_state: SyncState
    counts: dict[str, int]
    """Records per collection."""
    documents: list[Document]
    freshness: dict[str, str]
    """Per collection, when it was last read from the ERP."""
    download: DownloadProgress
    """How much of an unfinished download has been applied."""
    clock_warning: str | None
    """A sentence if this device's clock is wrong."""


class Device:
    """A replica, an outbox and a session in *folder*. Use it only in the thread that made it, and close it."""

    def __init__(
        self,
        folder: Path | str,
        *,
        http: httpx.BaseTransport | None = None,
        now: Callable[[], dt.datetime] | None = None,
        uptime: Callable[[], Uptime | None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random.random,
        zone: str | None = None,
        limit_bytes: int | None = None,
        grace: dt.timedelta = outbox.GRACE,
    ) -> None:
        """Open the device in *folder*, creating it if needed; raises `DatabaseRefused`.

        Args:
            folder: Where the database, the key, receipts and partly downloaded segments are kept.
            http: Replaces the network in tests.
            now: The clock of the device; default: that of this machine.
            uptime: How long the device has been running; default: that of this machine, unknown with *now*.
            sleep, draw: Wait for some seconds; return a random number from 0 to 1, for the jitter.
            zone: IANA name of the rep's time zone; the zone of this machine by default.
            limit_bytes: The page size to request on a good connection; the server's default if None.
            grace: How long a document is kept after its final state.
        """
        self.folder = Path(folder)
        make_private(self.folder, self.folder / "satchel.sqlite3")
        self.db = Database(self.folder / "satchel.sqlite3")
        self.files = ReceiptFolder(self.folder / "receipts")
        self.parts = PartFolder(self.folder / "segments")
        self.zone = zone or capture.local_zone()
        self._http = http
        self._wall = now or system_time
        self.clock = DeviceClock(self.db, self._wall, uptime or ((lambda: None) if now else system_uptime))
        self._sleep = sleep
        self._draw = draw
        self._size = PageSize(limit_bytes)
        self._grace = grace
        self._transport: Transport | None = None
        self.parts.sweep(self.db)
        if self.identity is None:
            self.files.sweep(self.db)
            wipe.finish_interrupted(self.db, self.files, self.parts, self.folder)

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
        """The enrolled device and its rep, or None."""
        return session.identity(self.db)

    def _enrolled(self) -> Identity:
        if (identity := self.identity) is None:
            raise NotEnrolled
        return identity

    def today(self) -> dt.date:
        """Return the date in the rep's time zone, by the server if this device's clock is wrong."""
        return date_in(self.zone, self.clock.now())

    def enrol(self, code: str, server: str, *, name: str | None = None, allow_http: bool = False) -> Identity:
        """Enrol at *server* with the office's one-time code; the same code may be used again to retry.

        *name* is the device's name in the office. *allow_http* allows plain http to another machine.
        """
        wipe_confirmation.send(self.db, self.folder, self._http)
        server = checked_server(server, allow_http=allow_http)
        transport = Transport(server, http=self._http, on_reply=self.clock.note_reply)
        try:
            identity = session.enrol(
                self.db, self.folder, transport, code.strip(), name=name or platform.node() or "device",
                app_version=APP_VERSION, clock=self._wall().timestamp(),
            )  # fmt: skip
        finally:
            transport.close()
        # A partly downloaded segment of another rep contains records, like their replica.
        self.parts.sweep(self.db)
        return identity

    def _connect(self, server: str) -> Transport:
        if self._transport is None or self._transport.server != server:
            if self._transport is not None:
                self._transport.close()
            self._transport = Transport(server, http=self._http, on_reply=self.clock.note_reply)
        return self._transport

    def sync(
        self, on_progress: Callable[[SyncReport], None] = lambda report: None, *, rehash: bool = False
    ) -> SyncReport:
        """Sync once and return the report; its `problem` says why the sync stopped early.

        *on_progress* is called after each page and each piece of a segment. With *rehash* every hash is
        computed again from the stored bodies before the replica is compared with the server.

        Raises `NotEnrolled`, `EnrolAgain`, and `Revoked` after the device has been wiped.
        """
        wipe_confirmation.send(self.db, self.folder, self._http)
        identity = self._enrolled()
        transport = self._connect(identity.server)
        received, sent = transport.received, transport.sent
        requests = Session(self.db, self.folder, transport, lambda: self._wall().timestamp())
        loop = Sync(
            self.db, self.files, self.parts, requests.request, requests.download, rep=identity.rep,
            now=lambda: capture.instant(self.clock.now()), size=self._size, grace=self._grace,
            rehash=rehash, on_progress=on_progress,
        )  # fmt: skip
        try:
            report = loop.run()
        except Problem as problem:
            if not problem.wipe:
                sentence = f"{problem}; enrol again with a new code, the outbox is kept"
                raise EnrolAgain(sentence, problem.technical) from None
            where = self.db, self.files, self.parts, self.folder
            raise Revoked(wipe.wipe(*where, problem.wipe_order, self._http)) from None
        report.received, report.sent = transport.received - received, transport.sent - sent
        return report

    def sync_until_done(
        self,
        tries: int = 5,
        on_progress: Callable[[SyncReport], None] = lambda report: None,
        *,
        rehash: bool = False,
    ) -> SyncReport:
        """Sync until a sync is complete, with waits in between.

        Give up after *tries* syncs without progress.
        """
        return schedule.until_done(
            lambda: self.sync(on_progress, rehash=rehash),
            Backoff(draw=self._draw),
            tries=tries,
            sleep=self._sleep,
        )

    def watch(
        self, on_progress: Callable[[SyncReport], None] = lambda report: None
    ) -> Iterator[tuple[SyncReport, float]]:
        """Sync forever: yield each report with the seconds until the next sync, then wait them."""
        return schedule.watch(lambda: self.sync(on_progress), Backoff(draw=self._draw), sleep=self._sleep)

    def capture(
        self,
        kind: str,
        body: Body,
        *,
        receipts: Sequence[ReceiptFile] = (),
        supersedes: str | None = None,
        depends_on: Sequence[str] = (),
    ) -> Document:
        """Store a document durably; after this returns it is safe to say "saved". Raises `CaptureRefused`."""
        return capture.capture(
            self.db, self.files, rep=self._enrolled().rep, kind=kind, body=body, receipts=receipts,
            supersedes=supersedes, depends_on=depends_on, now=self.clock.now(), zone=self.zone,
        )  # fmt: skip

    def withdraw(self, id: str, reason: str | None = None) -> Document:
        """Withdraw a document before it is sent to the ERP; raises the errors of `amendments.withdraw`."""
        return amendments.withdraw(
            self.db, self.files, rep=self._enrolled().rep, id=id, reason=reason, now=self.clock.now(),
            zone=self.zone,
        )  # fmt: skip

    def request_change(self, id: str, action: str, message: str) -> Document:
        """Ask the office to change or cancel a document in the ERP; errors of `amendments.request_change`."""
        return amendments.request_change(
            self.db, self.files, rep=self._enrolled().rep, id=id, action=action, message=message,
            now=self.clock.now(), zone=self.zone,
        )  # fmt: skip

    def editable_body(self, id: str) -> tuple[str, NewBody]:
        """Return kind and body of a document, for an edited copy that supersedes it; raises `NotFound`."""
        return amendments.editable_body(self.db, id)

    def dismiss(self, id: str) -> None:
        """Dismiss a document that never left the device or was refused; raises `DeviceError` for others."""
        documents.dismiss(self.db, id, capture.instant(self.clock.now()))

    def retry_push(self, id: str) -> None:
        """Push a document again that is no longer pushed; raises `NotFound`."""
        documents.retry_push(self.db, id)

    def find_document(self, text: str) -> str:
        """Return the id of the document that *text* names: an id, a part of one, or an ERP number.

        Raises `NotFound` if there is none, or more than one.
        """
        return documents.find_id(self.db, text)

    def documents(self) -> list[Document]:
        """Return the outbox, oldest first."""
        return documents.documents(self.db)

    def record(self, collection: str, key: str) -> NewRecord | None:
        """Return one record of the replica, or None."""
        return replica.record(self.db, collection, key)

    def records(self, collection: str, match: str = "", limit: int = -1) -> list[NewRecord]:
        """Return the records of *collection* that contain every word of *match*."""
        return replica.records(self.db, collection, match, limit)

    def status(self) -> Status:
        """Return the state of the device."""
        freshness = {row["id"]: row["as_of"] for row in replica.records(self.db, "freshness")}
        return Status(
            self.identity, replica.sync_state(self.db), replica.counts(self.db), self.documents(), freshness,
            offers.progress(self.db), self.clock.warning(),
        )  # fmt: skip

    def integrity_errors(self) -> list[str]:
        """Return a sentence for each damage in what this device stores; an empty list if there is none."""
        errors = self.db.integrity_errors() + outbox.integrity_errors(self.db)
        return errors + self.files.integrity_errors(self.db)

    def local_mismatch(self) -> str | None:
        """Return a sentence if the next sync has to repair records, else None; see `checks.local_mismatch`."""
        return checks.local_mismatch(self.db)

    def customer(self, key: str) -> views.CustomerPage:
        """Return everything about a customer; raises `NotFound`."""
        return views.customer_page(self.db, key)

    def products(self, match: str, customer: str | None = None, limit: int = 50) -> list[views.ProductLine]:
        """Return products with stock and price, the price for *customer* if one is named."""
        buyer = views.find_record(self.db, "customers", customer) if customer else None
        return views.product_search(self.db, match, buyer, self.today().isoformat(), limit)
