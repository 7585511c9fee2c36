"""After a complete page: is the replica what the server says it is? If not, repair it; if that does not help,
begin anew."""

import datetime as dt

from sync_protocol.device.store import checks, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.sync.pull import Puller
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.device.sync.uploads import Send
from sync_protocol.device.sync.verify import Outcome, Verifier

MAX_REPAIRS = 3
"""Rounds of verification that may leave a difference, before everything is fetched anew."""
MAX_PULLS = 6
"""Rounds in one sync in which the server had moved on meanwhile; the next sync tries again."""
RENEW_EVERY = dt.timedelta(days=1)
"""A fault in a program would otherwise make a device fetch everything again and again."""


class ReplicaChecker:
    """Compares, verifies, pulls where that is asked for, and compares again."""

    def __init__(self, db: Database, send: Send, puller: Puller, report: SyncReport, *, deep: bool) -> None:
        self._db = db
        self._verifier = Verifier(db, send, report)
        self._puller = puller
        self._report = report
        self._deep = deep

    def run(self) -> None:
        """End with a replica that is proven, or with a note that says why it is not; raises what stopped it."""
        if self._deep or checks.rehash_due(self._db):
            self._report.mended = checks.rehash(self._db)
        repairs = pulls = 0
        while not checks.matches_server(self._db):
            if pulls == MAX_PULLS:
                self._report.notes.append("the server changes faster than it can be compared with; sync again")
                return
            if repairs == MAX_REPAIRS:
                if not self._renew():
                    return
                repairs = 0
            else:
                asked = replica.sync_state(self._db)
                outcome = self._verifier.round()
                if outcome == Outcome.EQUAL and asked.check is None:
                    checks.adopt(self._db, asked)
                    continue
                if outcome != Outcome.PULL:
                    repairs += 1
                    continue
                pulls += 1
            self._report.complete = False
            self._puller.until_complete()
        self._report.verified = True

    def _renew(self) -> bool:
        """Drop the cursor, so that everything is fetched anew; at most once a day. Say whether it was done."""
        held = replica.sync_state(self._db)
        if held.server_time is not None and held.renewed_at is not None:
            since = dt.datetime.fromisoformat(held.server_time) - dt.datetime.fromisoformat(held.renewed_at)
            if since < RENEW_EVERY:
                self._report.notes.append(
                    "what this device holds differs from the server and cannot be repaired; tell the office"
                )
                return False
        with self._db.writing():
            if replica.still_at(self._db, held):
                replica.reset(self._db)
                self._db.run("UPDATE held SET renewed_at = server_time")
        return True
