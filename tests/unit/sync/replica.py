"""The smallest replica at a real server, for tests of the server alone: no HTTP, no disk."""

import datetime as dt
import json
from typing import Any

from backend.db import Sessions, snapshot
from backend.sync.page import Page
from backend.sync.pull import pull
from backend.sync.question import faults, question_of
from backend.sync.verify import verify
from sync_protocol.verify import VerifyRequestSchema
from tests.unit.sync.mending import mend
from tests.unit.sync.smallest import Json, Smallest

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


class Replica(Smallest):
    """A replica of *rep* that asks the server behind *sessions*."""

    def __init__(self, sessions: Sessions, rep: str, limit_bytes: int | None = None, schema: int = 1) -> None:
        super().__init__()
        self.sessions, self.rep, self.limit_bytes, self.schema = sessions, rep, limit_bytes, schema
        self.pages = 0

    def ask(self) -> Page:
        """Ask for the next page without applying it."""
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

    def apply(self, page: Page, asked_with: str | None) -> dict[str, Any]:
        """Apply *page* if the cursor it was asked with is still held; return it decoded."""
        decoded: dict[str, Any] = json.loads(page.body)
        self.take_page(decoded, asked_with)
        return decoded

    def step(self) -> dict[str, Any]:
        """Pull one page and apply it; a complete one must say what is held, or the replica mends itself."""
        asked_with = self.cursor
        self.pages += 1
        page = self.apply(self.ask(), asked_with)
        if page["complete"]:
            self.compare(page)
        return page

    def compare(self, page: dict[str, Any]) -> bool:
        """Compare with the `check` of the complete *page*; mend what differs and return False.

        Rows may differ only if they are of another epoch: anything else is damage done by the server.
        """
        if self.equals(page["check"]):
            self.rebased = False
            return True
        assert self.rebased, "a complete page's checksum is not that of the rows it leads to"
        self.mend()
        return False

    def mend(self) -> None:
        """Find the rows that differ, and replace them."""
        mend(self, self._verify, self.schema)

    def _verify(self, question: Json) -> Json:
        asked = VerifyRequestSchema().load(dict(question))
        assert list(faults(asked)) == []
        with self.sessions() as session:
            snapshot(session)
            answer = verify(
                session,
                rep_id=self.rep,
                cursor_text=asked["cursor"],
                schema=asked["schema"],
                question=question_of(asked),
            )
        decoded: Json = json.loads(answer.body)
        return decoded

    def sync(self) -> "Replica":
        """Pull until a page says complete and what is held is what it says."""
        for _ in range(10_000):
            page = self.step()
            if page["complete"] and self.equals(page["check"]):
                return self
        raise AssertionError("no page was ever complete")

    def records(self, collection: str) -> dict[str, Any]:
        """Return the records held of *collection* by key."""
        return {key: row[2] for (name, key), row in sorted(self.rows.items()) if name == collection}
