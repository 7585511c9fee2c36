"""The minimal replica with a real server, for tests of the server alone: no HTTP, no disk."""

import datetime as dt
import json
from typing import Any

from backend.database.core import Sessions, snapshot
from backend.sync.page import Page
from backend.sync.pull import pull
from backend.sync.verify import verify
from backend.sync.verify_request import faults, parse_request
from sync_protocol.verify import VerifyRequestSchema
from tests.unit.sync.minimal_replica import Json, MinimalReplica
from tests.unit.sync.repair import repair_replica

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


class Replica(MinimalReplica):
    """A replica of *rep* that syncs with the server behind *sessions*."""

    def __init__(self, sessions: Sessions, rep: str, limit_bytes: int | None = None, schema: int = 1) -> None:
        super().__init__()
        self.sessions, self.rep, self.limit_bytes, self.schema = sessions, rep, limit_bytes, schema
        self.pages = 0

    def ask(self) -> Page:
        """Request the next page without applying it."""
        with self.sessions() as session:
            snapshot(session)
            return pull(
                session,
                rep_id=self.rep,
                cursor_text=self.cursor,
                schema=self.schema,
                limit_bytes=self.limit_bytes,
                now=NOW,
            )

    def apply(self, page: Page, cursor_sent: str | None) -> dict[str, Any]:
        """Apply *page* if *cursor_sent* is still the cursor; return it decoded."""
        decoded: dict[str, Any] = json.loads(page.body)
        self.apply_page(decoded, cursor_sent)
        return decoded

    def step(self) -> dict[str, Any]:
        """Pull one page and apply it; compare the checksum of a complete one."""
        cursor_sent = self.cursor
        self.pages += 1
        page = self.apply(self.ask(), cursor_sent)
        if page["complete"]:
            self.compare(page)
        return page

    def compare(self, page: dict[str, Any]) -> bool:
        """Compare with `check` of the complete *page*; repair what differs and return False.

        Rows may differ only if they are of another epoch; any other difference is a fault of the server.
        """
        if self.equals(page["check"]):
            self.rebased = False
            return True
        assert self.rebased, "a complete page's checksum is not that of the rows it leads to"
        self.repair()
        return False

    def repair(self) -> None:
        """Find the rows that differ and replace them."""
        repair_replica(self, self._verify, self.schema)

    def _verify(self, verification: Json) -> Json:
        request = VerifyRequestSchema().load(dict(verification))
        assert list(faults(request)) == []
        with self.sessions() as session:
            snapshot(session)
            answer = verify(
                session,
                rep_id=self.rep,
                cursor_text=request["cursor"],
                schema=request["schema"],
                request=parse_request(request),
            )
        decoded: Json = json.loads(answer.body)
        return decoded

    def sync(self) -> "Replica":
        """Pull until a page is complete and its checksum matches."""
        for _ in range(10_000):
            page = self.step()
            if page["complete"] and self.equals(page["check"]):
                return self
        raise AssertionError("no page was ever complete")

    def records(self, collection: str) -> dict[str, Any]:
        """Return the records of *collection* by key."""
        return {key: row[2] for (name, key), row in sorted(self.rows.items()) if name == collection}
