"""Compare the replica with the server's checksum after a complete page, and repair it where it differs.

If repairs do not help, everything is fetched again.
"""

import datetime as dt

from sync_protocol.device.connection import Send
from sync_protocol.device.store import checks, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.sync.pull import Puller
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.device.sync.verify import Outcome, Verifier

MAX_REPAIRS = 3
"""Verification rounds that may leave a difference, before everything is fetched again."""
MAX_PULLS = 6
"""Verification rounds in one sync during which the server changed; after them the next sync tries again."""
REFETCH_EVERY = dt.timedelta(days=1)
"""Limits full downloads: otherwise a fault in a program makes the device fetch everything again and again."""


class ReplicaChecker:
    """Compare, verify, pull where needed, and compare again."""

    def __init__(self, db: Database, send: Send, puller: Puller, report: SyncReport, *, rehash: bool) -> None:
        """*rehash*: compute every hash again from the bodies first, even if it is not due."""
        self._db = db
        self._verifier = Verifier(db, send, report)
        self._puller = puller
        self._report = report
        self._rehash = rehash

    def run(self) -> None:
        """Verify the replica, or add a note to the report that says why it cannot be verified now."""
        if self._rehash or checks.rehash_due(self._db):
            self._report.altered = checks.rehash(self._db)
        repairs = pulls = 0
        while not checks.matches_server(self._db):
            if pulls == MAX_PULLS:
                self._report.notes.append("the server changed during each comparison; sync again")
                return
            if repairs == MAX_REPAIRS:
                if not self._start_refetch():
                    return
                repairs = 0
            else:
                state = replica.sync_state(self._db)
                outcome = self._verifier.run_round()
                if outcome == Outcome.EQUAL and state.check is None:
                    checks.adopt(self._db, state)
                    continue
                if outcome != Outcome.PULL:
                    repairs += 1
                    continue
                pulls += 1
            self._report.complete = False
            self._puller.until_complete()
        self._report.verified = True

    def _start_refetch(self) -> bool:
        """Drop the cursor, so that everything is fetched again, at most once a day; say whether it was done."""
        state = replica.sync_state(self._db)
        if state.server_time is not None and state.refetched_at is not None:
            since = dt.datetime.fromisoformat(state.server_time) - dt.datetime.fromisoformat(state.refetched_at)
            if since < REFETCH_EVERY:
                self._report.notes.append(
                    "the records on this device differ from the server and cannot be repaired; tell the office"
                )
                return False
        with self._db.writing():
            if replica.still_at(self._db, state):
                replica.reset(self._db)
                self._db.run("UPDATE sync_state SET refetched_at = server_time")
        return True
