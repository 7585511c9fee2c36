"""The smallest replica that keeps the rules of a page, for tests of the server alone."""

import datetime as dt
import json
from typing import Any

from backend.db import Sessions, snapshot
from backend.sync.page import Page
from backend.sync.pull import pull

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)


class Replica:
    """Holds (channel, position, record) per (collection, key), and the cursor it was given."""

    def __init__(self, sessions: Sessions, rep: str, limit_bytes: int | None = None, schema: int = 1) -> None:
        self.sessions, self.rep, self.limit_bytes, self.schema = sessions, rep, limit_bytes, schema
        self.cursor: str | None = None
        self.rows: dict[tuple[str, str], tuple[str, int, Any]] = {}
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
        if asked_with != self.cursor:
            return decoded
        if decoded["reset"]:
            self.rows.clear()
        dropped = {tuple(stream) for stream in decoded["drop"]}
        self.rows = {k: v for k, v in self.rows.items() if (v[0], k[0]) not in dropped}
        for change in decoded["changes"]:
            channel, collection = change["channel"], change["collection"]
            for position, record in change["put"]:
                key = (collection, record["id"])
                if key not in self.rows or self.rows[key][1] < position:
                    self.rows[key] = (channel, position, record)
            for position, record_key in change["gone"]:
                held = self.rows.get((collection, record_key))
                if held and held[0] == channel and held[1] < position:
                    del self.rows[collection, record_key]
        self.cursor = decoded["cursor"]
        return decoded

    def step(self) -> dict[str, Any]:
        """Pull one page and apply it."""
        asked_with = self.cursor
        self.pages += 1
        return self.apply(self.ask(), asked_with)

    def sync(self) -> "Replica":
        """Pull until a page says complete."""
        for _ in range(10_000):
            if self.step()["complete"]:
                return self
        raise AssertionError("no page was ever complete")

    def records(self, collection: str) -> dict[str, Any]:
        """Return the records held of *collection* by key."""
        return {key: row[2] for (name, key), row in sorted(self.rows.items()) if name == collection}
