"""Pull pages, and the segments that they offer, until the server has nothing above the cursor."""

from collections.abc import Callable
from typing import Any

from sync_protocol import SCHEMA_REVISION
from sync_protocol.device.connection import Send
from sync_protocol.device.errors import ContractBroken, Problem, Temporary
from sync_protocol.device.page import read_page
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.replica import SyncState
from sync_protocol.device.sync.download import Downloader
from sync_protocol.device.sync.page_size import PageSize
from sync_protocol.device.sync.report import SyncReport

MAX_RESTARTS = 2


class Puller:
    """Request pages and apply them. *on_progress* is called after each page, for a progress bar."""

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
        """Pull until a page is complete; pages applied so far stay stored if an error is raised.

        A download that was cut is finished before any page is requested.
        """
        while not self._report.complete:
            self._downloader.run()
            self.pull_page()

    def pull_page(self) -> None:
        """Request one page and apply it."""
        state = replica.sync_state(self._db)
        params = {"schema": str(SCHEMA_REVISION)}
        if state.cursor is not None:
            params["cursor"] = state.cursor
        if self._size.limit is not None:
            params["limit_bytes"] = str(self._size.limit)
        headers = {"If-None-Match": state.etag} if state.cursor is not None and state.etag else {}
        try:
            reply = self._send("GET", "/v1/pull", params=params, headers=headers)
        except Problem as problem:
            self.handle_problem(state, problem)
            return
        except Temporary as error:
            self._size.after_error(error)
            raise
        if reply.status == 304:
            self._unchanged(state, reply.headers.get("satchel-poll-after", ""))
        else:
            self.apply_reply(state, reply.value, reply.headers.get("etag"))

    def apply_reply(self, requested: SyncState, value: Any, etag: str | None) -> None:
        """Apply the page in *value* (`PageSchema`), if the replica is still at *requested*.

        Raises `ContractBroken` if the page breaks the protocol; nothing of it is applied then.
        """
        page = read_page(value, etag)
        self._size.after_page()
        if not page.complete and page.cursor == requested.cursor and not page.offers:
            raise ContractBroken("the page is not complete, and neither moves the cursor nor offers segments")
        result = replica.apply(self._db, page, requested, self._now())
        if not result.applied:
            return
        report = self._report
        report.pages += 1
        report.put += result.put
        report.gone += result.gone
        for stream, count in result.dropped.items():
            report.dropped[stream] = report.dropped.get(stream, 0) + count
        report.reset = report.reset or result.reset
        report.rebased = report.rebased or result.rebased
        report.complete = page.complete
        report.poll_after = page.poll_after
        self._on_progress(report)

    def handle_problem(self, requested: SyncState, problem: Problem) -> None:
        """Drop the cursor of *requested* if the server does not know it; else raise *problem*."""
        if problem.code != "cursor_invalid" or self._restarts == MAX_RESTARTS:
            raise problem
        self._restarts += 1
        replica.forget_cursor(self._db, requested)

    def _unchanged(self, requested: SyncState, poll_after: str) -> None:
        if requested.cursor is None or requested.etag is None:
            raise ContractBroken("the server answered 304 to a request without If-None-Match")
        seconds = int(poll_after) if poll_after.isascii() and poll_after.isdigit() else None
        replica.confirm_complete(self._db, requested, seconds, self._now())
        self._report.complete = True
        self._report.unchanged = self._report.pages == 0
        if seconds is not None:
            self._report.poll_after = seconds
