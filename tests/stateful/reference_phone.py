"""The reference device under control of the state machine: its own modules, step by step, in memory."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sync_protocol.device.connection import Reply
from sync_protocol.device.page import Offer, read_page
from sync_protocol.device.store import checks, outbox, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.sync import segments
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.device.sync.verify import Verifier
from sync_protocol.pull import RESET_REBASE
from sync_protocol.segment import KeyRange
from tests.stateful.histories.checks import Content
from tests.stateful.phones import Ask
from tests.unit.sync.replica import NOW

_WAITING = (
    "SELECT channel, collection, key_from, key_to, priority, sha256, bytes, rows, position, url FROM segment"
    " WHERE NOT applied ORDER BY priority, collection, key_from, channel"
)


class ReferencePhone:
    """The steps of one sync of `sync_protocol.device`."""

    def __init__(self, rep: str) -> None:
        self.rep, self.schema = rep, 2
        self.db = Database(Path(":memory:"))
        self._rebased = False

    def sync_state(self) -> Any:
        return replica.sync_state(self.db)

    def accepts(self, state: Any) -> bool:
        return replica.still_at(self.db, state)

    def cursor(self) -> str | None:
        return replica.sync_state(self.db).cursor

    def apply_page(self, body: bytes, state: Any) -> bool:
        page = read_page(json.loads(body), "an etag")
        done = replica.apply(self.db, page, state, NOW.isoformat())
        self._rebased = self._rebased or (done.applied and page.reset == RESET_REBASE)
        return done.applied

    def offers(self) -> Sequence[Any]:
        return [
            Offer((channel, collection), KeyRange(start, end), *rest)
            for channel, collection, start, end, *rest in self.db.rows(_WAITING)
        ]

    def name_of_offer(self, offer: Any) -> str:
        return str(offer.sha256)

    def apply_segment(self, offer: Any, data: bytes) -> bool:
        return segments.apply(self.db, offer, segments.read(offer, data)).applied

    def matches_check(self) -> bool:
        proven = checks.matches_server(self.db)
        self._rebased = self._rebased and not proven
        return proven

    def is_unconfirmed(self) -> bool:
        return self._rebased

    def repair(self, ask: Ask) -> None:
        def send(method: str, path: str, *, content: bytes) -> Reply:
            return Reply(200, {}, ask({**json.loads(content), "schema": self.schema}))

        Verifier(self.db, send, SyncReport()).run_round()

    def start_again(self) -> None:
        with self.db.writing():
            replica.reset(self.db)
        self._rebased = False

    def content(self) -> Content:
        rows = self.db.rows("SELECT collection, key, body FROM record")
        return {(row["collection"], row["key"]): json.loads(row["body"]) for row in rows}

    def capture(self, document: Mapping[str, Any]) -> None:
        with self.db.writing():
            outbox.add(self.db, {"needs": [], "supersedes": None, **document}, self.rep, "A note")

    def due(self) -> list[Any]:
        waiting = outbox.due(self.db, self.rep)
        outbox.record_attempt(self.db, waiting)
        return [json.loads(document.frozen) for document in waiting]

    def take_results(self, documents: Sequence[Any], results: Sequence[Any]) -> None:
        sent = {document["id"] for document in documents}
        known = [document for document in outbox.due(self.db, self.rep) if document.id in sent]
        order = {document.id: n for n, document in enumerate(known)}
        outbox.store_results(self.db, known, sorted(results, key=lambda result: order[result["id"]]))

    def outbox(self) -> set[str]:
        return {row["id"] for row in self.db.rows("SELECT id FROM document")}
