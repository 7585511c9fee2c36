"""Pulling pages, and the segments they offer, until the server says that nothing is left above the cursor."""

from collections.abc import Callable
from typing import Any

from sync_protocol import SCHEMA_REVISION
from sync_protocol.device.errors import ContractBroken, Problem, Temporary
from sync_protocol.device.page import read_page
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.replica import SyncState
from sync_protocol.device.sync.download import Downloader
from sync_protocol.device.sync.page_size import PageSize
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.device.sync.uploads import Send

MAX_RESTARTS = 2


class Puller:
    """Asks for pages and applies them. *on_progress* is called after each one, for a progress bar."""

    def __init__(
        self,
        db: Database,
        send: Send,
        downloader: Downloader,
        report: SyncReport,
        *,
        now: Callable[[], str],
        size: PageSize,
        on_progress: Callable[[SyncReport], None],
    ) -> None:
        self._db = db
        self._send = send
        self._downloader = downloader
        self._report = report
        self._now = now
        self._size = size
        self._on_progress = on_progress
        self._restarts = 0

    def until_complete(self) -> None:
        """Pull until a page is complete; raises what stopped it, with every page applied so far stored.

        A download that was cut goes on before any page is asked for.
        """
        while not self._report.complete:
            self._downloader.until_applied()
            self.one()

    def one(self) -> None:
        """Ask for one page and apply it."""
        asked = replica.sync_state(self._db)
        params = {"schema": str(SCHEMA_REVISION)}
        if asked.cursor is not None:
            params["cursor"] = asked.cursor
        if self._size.limit is not None:
            params["limit_bytes"] = str(self._size.limit)
        headers = {"If-None-Match": asked.etag} if asked.cursor is not None and asked.etag else {}
        try:
            reply = self._send("GET", "/v1/pull", params=params, headers=headers)
        except Problem as problem:
            self.refused(asked, problem)
            return
        except Temporary as error:
            self._size.stopped(error)
            raise
        if reply.status == 304:
            self._unchanged(asked, reply.headers.get("satchel-poll-after", ""))
        else:
            self.take(asked, reply.value, reply.headers.get("etag"))

    def take(self, asked: SyncState, value: Any, etag: str | None) -> None:
        """Apply the page in *value*, which was asked for at *asked*."""
        page = read_page(value, etag)
        self._size.whole()
        if not page.complete and page.cursor == asked.cursor and not page.offers:
            raise ContractBroken("the page moves nothing and is not complete")
        done = replica.apply(self._db, page, asked, self._now())
        if not done.applied:
            return
        report = self._report
        report.pages += 1
        report.put += done.put
        report.gone += done.gone
        report.reset = report.reset or done.reset
        report.rebased = report.rebased or done.rebased
        report.complete = page.complete
        report.poll_after = page.poll_after
        self._on_progress(report)

    def refused(self, asked: SyncState, problem: Problem) -> None:
        """Begin anew if the server does not know the cursor; raise *problem* for anything else."""
        if problem.code != "cursor_invalid" or self._restarts == MAX_RESTARTS:
            raise problem
        self._restarts += 1
        replica.forget_cursor(self._db, asked)

    def _unchanged(self, asked: SyncState, poll_after: str) -> None:
        if asked.cursor is None or asked.etag is None:
            raise ContractBroken("the server says `unchanged` to a question that did not say since when")
        seconds = int(poll_after) if poll_after.isascii() and poll_after.isdigit() else None
        replica.confirm_complete(self._db, asked, seconds, self._now())
        self._report.complete = True
        self._report.unchanged = self._report.pages == 0
        if seconds is not None:
            self._report.poll_after = seconds
