"""Fetching the segments that were offered, one after another, from where the last sync was cut."""

from collections.abc import Callable
from typing import Protocol

from sync_protocol.device.errors import Damaged, Problem, Temporary
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.page import Offer
from sync_protocol.device.store import offers
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.partfile import PartFile, PartFolder
from sync_protocol.device.sync import segments
from sync_protocol.device.sync.report import SyncReport

GONE = (403, 404, 410)
"""The segment is not offered any more, or not to us: pull again."""
MAX_WITHDRAWN = 3
"""How often in one sync the list may turn out to be an old one."""
MAX_BROKEN_LINKS = 2
"""After so many addresses that do not answer, this sync asks only our own server."""


class Fetch(Protocol):
    """`Session.download`: adds what is missing to a file, from a path of ours or an address without a token."""

    def __call__(self, where: str, part: PartFile, *, on_piece: Callable[[int], None], token: bool) -> None: ...


class Downloader:
    """Fetches and applies what is offered. *on_progress* is called after each piece and each segment."""

    def __init__(
        self,
        db: Database,
        folder: PartFolder,
        fetch: Fetch,
        report: SyncReport,
        *,
        on_progress: Callable[[SyncReport], None],
    ) -> None:
        self._db = db
        self._folder = folder
        self._fetch = fetch
        self._report = report
        self._on_progress = on_progress
        self._withdrawn = 0
        self._broken_links = 0

    def until_applied(self) -> None:
        """Fetch and apply what is offered; raises what stopped it, with what arrived so far stored.

        Where a segment is gone the list is forgotten, and the next page brings another.
        """
        if offers.next_wanted(self._db) is None:
            return
        self._show()
        while (offer := offers.next_wanted(self._db)) is not None:
            try:
                self._one(offer)
            except Problem as problem:
                if problem.status not in GONE or self._withdrawn == MAX_WITHDRAWN:
                    raise
                self._withdrawn += 1
                with self._db.writing():
                    offers.withdraw(self._db)
            self._show()
        self._folder.sweep(self._db)

    def _one(self, offer: Offer) -> None:
        part = self._folder.file(offer.sha256, offer.bytes, tagged=True)
        self._fill(offer, part)
        failpoint("segment.after_download")
        try:
            data = part.content()
        except Damaged:
            self._broken_links = MAX_BROKEN_LINKS
            self._fill(offer, part)
            data = part.content()
        done = segments.apply(self._db, offer, segments.read(offer, data))
        part.forget()
        if done.applied:
            self._report.segments += 1
            self._report.put += done.put
            self._report.gone += done.gone

    def _fill(self, offer: Offer, part: PartFile) -> None:
        """Fetch until the file is as long as it was offered."""
        if part.size > offer.bytes:
            part.forget()
        emptied = False
        while (size := part.size) < offer.bytes:
            if not (offer.url and self._from_link(offer, offer.url)):
                self._fetch(f"/v1/segments/{offer.sha256}", part, on_piece=self._piece, token=True)
            if part.size <= size:
                if part.size or emptied:
                    raise Damaged(f"the answer brought nothing of segment {offer.sha256}")
                emptied = True

    def _from_link(self, offer: Offer, url: str) -> bool:
        """Fetch from an address that needs no token; say whether something came of it.

        Such an address may be a store of another make, whose tag is not our name, and may have expired.
        """
        if self._broken_links >= MAX_BROKEN_LINKS:
            return False
        part = self._folder.file(offer.sha256, offer.bytes, tagged=False)
        before = part.size
        try:
            self._fetch(url, part, on_piece=self._piece, token=False)
        except Temporary:
            if part.size == before:
                self._broken_links += 1
                return False
            raise
        return part.size > before

    def _piece(self, size: int) -> None:
        self._report.fetched += size
        self._on_progress(self._report)

    def _show(self) -> None:
        standing = offers.standing(self._db)
        if standing.segments or self._report.offered.segments:
            self._report.offered = standing if standing.segments else self._report.offered.done()
            self._on_progress(self._report)
