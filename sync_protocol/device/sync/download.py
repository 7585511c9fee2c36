"""Download the offered segments one after another, continuing where the last sync was cut."""

from collections.abc import Callable

from sync_protocol.device.connection import Fetch
from sync_protocol.device.errors import Damaged, Problem, Temporary
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.page import Offer
from sync_protocol.device.store import offers
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.partfile import PartFile, PartFolder
from sync_protocol.device.sync import segments
from sync_protocol.device.sync.report import SyncReport

GONE = (403, 404, 410)
"""The segment is no longer offered, or not to this device: pull again."""
MAX_WITHDRAWN = 3
"""How often in one sync the list of offers may turn out to be out of date."""
MAX_BROKEN_LINKS = 2
"""After this many failing links, the rest of the sync fetches from the server itself."""


class Downloader:
    """Download and apply offered segments. *on_progress* is called after each piece and each segment."""

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

    def run(self) -> None:
        """Download and apply all pending segments; what has arrived stays stored if an error is raised.

        If a segment is gone, the list is deleted, and the next page brings another list.
        """
        if offers.next_pending(self._db) is None:
            return
        self._show_progress()
        while (offer := offers.next_pending(self._db)) is not None:
            try:
                self._download_and_apply(offer)
            except Problem as problem:
                if problem.status not in GONE or self._withdrawn == MAX_WITHDRAWN:
                    raise
                self._withdrawn += 1
                with self._db.writing():
                    offers.forget_pending(self._db)
            self._show_progress()
        self._folder.sweep(self._db)

    def _download_and_apply(self, offer: Offer) -> None:
        part = self._folder.file(offer.sha256, offer.bytes, tagged=True)
        self._download(offer, part)
        failpoint("segment.after_download")
        try:
            data = part.content()
        except Damaged:
            self._broken_links = MAX_BROKEN_LINKS
            self._download(offer, part)
            data = part.content()
        result = segments.apply(self._db, offer, segments.read(offer, data))
        part.delete()
        if result.applied:
            self._report.segments += 1
            self._report.put += result.put
            self._report.gone += result.gone

    def _download(self, offer: Offer, part: PartFile) -> None:
        """Fetch until the file has the size that was offered."""
        if part.size > offer.bytes:
            part.delete()
        emptied = False
        while (size := part.size) < offer.bytes:
            if not (offer.url and self._from_link(offer, offer.url)):
                self._fetch(f"/v1/segments/{offer.sha256}", part, on_piece=self._count, token=True)
            if part.size <= size:
                if part.size or emptied:
                    raise Damaged(f"the reply has no new bytes of segment {offer.sha256}")
                emptied = True

    def _from_link(self, offer: Offer, url: str) -> bool:
        """Fetch from a link that needs no token; say whether bytes arrived.

        A link may have expired. It may lead to an object store, whose ETag is not the segment's name.
        """
        if self._broken_links >= MAX_BROKEN_LINKS:
            return False
        part = self._folder.file(offer.sha256, offer.bytes, tagged=False)
        before = part.size
        try:
            self._fetch(url, part, on_piece=self._count, token=False)
        except Temporary:
            if part.size == before:
                self._broken_links += 1
                return False
            raise
        return part.size > before

    def _count(self, size: int) -> None:
        self._report.downloaded += size
        self._on_progress(self._report)

    def _show_progress(self) -> None:
        progress = offers.progress(self._db)
        if progress.segments or self._report.download.segments:
            self._report.download = progress if progress.segments else self._report.download.finished()
            self._on_progress(self._report)
