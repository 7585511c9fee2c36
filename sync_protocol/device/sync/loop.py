"""One sync: documents, then changes, then receipts, then changes again, then the comparison with the server.

If there are documents, they travel together with the cursor. So a short moment of signal is enough to send an
order and to receive the state of the last one.
"""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from sync_protocol import SCHEMA_REVISION
from sync_protocol.device.connection import Fetch, Send
from sync_protocol.device.errors import ContractBroken, Damaged, DeviceError, EnrolAgain, Offline, Problem
from sync_protocol.device.store import offers, outbox, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.outbox import DueDocument
from sync_protocol.device.store.partfile import PartFolder
from sync_protocol.device.store.receipts import ReceiptFolder
from sync_protocol.device.sync import access_changes, uploads
from sync_protocol.device.sync.download import Downloader
from sync_protocol.device.sync.page_size import PageSize
from sync_protocol.device.sync.pull import Puller
from sync_protocol.device.sync.push import Pusher, batches, json_array, refuses_batch, store_results
from sync_protocol.device.sync.replica_check import ReplicaChecker
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.device.sync.uploads import Uploader
from sync_protocol.errors import ErrorCode

MAX_ROUNDS = 3
"""Rounds of push and pull in one sync: more than one after a reset, or if the rep captures meanwhile."""

_STOPS_ALL = (401, 429, 503)


class Sync:
    """The loop of one sync for the rep *rep*."""

    def __init__(
        self,
        db: Database,
        files: ReceiptFolder,
        parts: PartFolder,
        send: Send,
        fetch: Fetch,
        *,
        rep: str,
        now: Callable[[], str],
        size: PageSize,
        grace: dt.timedelta = outbox.GRACE,
        rehash: bool = False,
        on_progress: Callable[[SyncReport], None] = lambda report: None,
    ) -> None:
        self.report = SyncReport()
        self._db = db
        self._files = files
        self._send = send
        self._rep = rep
        self._size = size
        self._grace = grace
        self._pusher = Pusher(db, send, self.report)
        self._puller = Puller(
            db, send, Downloader(db, parts, fetch, self.report, on_progress=on_progress), self.report,
            now=now, size=size, on_progress=on_progress,
        )  # fmt: skip
        self._checker = ReplicaChecker(db, send, self._puller, self.report, rehash=rehash)

    def run(self) -> SyncReport:
        """Sync and return the report; `report.problem` is the error that stopped it, if any.

        Raises `EnrolAgain`, and the `Problem` device_revoked: the caller must act on these.
        """
        stopped: DeviceError | None = None
        before = replica.channels(self._db)
        try:
            for _ in range(MAX_ROUNDS):
                self.report.complete = False
                stopped = self._push() or stopped
                self._puller.until_complete()
                if stopped or not outbox.due(self._db, self._rep):
                    break
            stopped = self._upload() or stopped
            if self.report.receipts:
                self.report.complete = False
                self._puller.until_complete()
            self._checker.run()
        except EnrolAgain:
            raise
        except DeviceError as error:
            if _revoked(error):
                raise
            stopped = stopped or error
        self.report.problem = stopped
        if self.report.complete:
            self.report.lost = access_changes.lost(self._db, self.report.dropped)
            # The first sync, and one after a reset, bring everything: nothing of it is news.
            if before and not self.report.reset:
                self.report.gained = access_changes.gained(self._db, before)
            self._delete_final()
        return self.report

    def _push(self) -> DeviceError | None:
        """Push the due documents. Return an error instead of raising it, because the pull must run anyway."""
        due = outbox.due(self._db, self._rep)
        try:
            for n, batch in enumerate(batches(due)):
                # While segments are pending, a page would only offer them again.
                if n == 0 and offers.next_pending(self._db) is None:
                    self._push_and_pull(batch)
                else:
                    self._pusher.push(batch)
                    self.report.complete = False
        except (Problem, Offline, ContractBroken) as error:
            if _revoked(error) or (isinstance(error, Offline) and not error.sent):
                raise
            return error
        return None

    def _push_and_pull(self, batch: list[DueDocument]) -> None:
        """Send the first batch, and get the page that was read after it was stored, in one round trip."""
        state = replica.sync_state(self._db)
        envelope: dict[str, Any] = {"cursor": state.cursor, "schema": SCHEMA_REVISION}
        if self._size.limit is not None:
            envelope["limit_bytes"] = self._size.limit
        head = json.dumps(envelope).encode()[:-1]
        outbox.record_attempt(self._db, batch)
        try:
            reply = self._send("POST", "/v1/sync", content=head + b',"submissions":' + json_array(batch) + b"}")
        except (Problem, Offline) as problem:
            self._size.after_error(problem)
            if refuses_batch(problem):
                # The reason may be the cursor and not the documents, so push them without it.
                self._pusher.push(batch)
            else:
                self._pusher.handle_refusal(batch, problem)
            return
        except Damaged as damaged:
            self._size.after_error(damaged)
            raise
        value = reply.value if isinstance(reply.value, dict) else {}
        store_results(self._db, batch, value.get("results"), self.report)
        if value.get("page") is not None:
            self._puller.apply_reply(state, value["page"], reply.headers.get("etag"))
        elif isinstance(value.get("problem"), dict):
            status = value["problem"].get("status")
            self._puller.handle_problem(
                state, Problem(status if isinstance(status, int) else 503, value["problem"])
            )

    def _upload(self) -> DeviceError | None:
        """Send the receipts that the server needs. Return the error if the quota of today is used up.

        It is not raised: what was pulled is verified nevertheless, on every day with a full quota.
        """
        uploader = Uploader(self._db, self._files, self._send)
        for receipt in uploads.pending_receipts(self._db, self._rep):
            try:
                fault = uploader.upload(receipt)
            except (Problem, ContractBroken) as error:
                if isinstance(error, Problem) and error.code == ErrorCode.QUOTA_EXCEEDED.code:
                    return error
                if isinstance(error, Problem) and error.status in _STOPS_ALL:
                    raise
                fault = f"{receipt.filename}: {error}; the next sync tries again"
            if fault:
                self.report.notes.append(fault)
            else:
                self.report.receipts += 1
        return None

    def _delete_final(self) -> None:
        server_time = replica.sync_state(self._db).server_time
        if server_time and outbox.delete_final(self._db, server_time, self._grace):
            self._files.sweep(self._db)


def _revoked(error: DeviceError) -> bool:
    return isinstance(error, Problem) and error.code == "device_revoked"
