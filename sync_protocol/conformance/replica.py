"""A replica in memory that applies pages by the rules of docs/protocol.md."""

from dataclasses import dataclass, field
from typing import Any

from sync_protocol.catalogue import key_field
from sync_protocol.checksum import Checksum, ChecksumJson, record_hash
from sync_protocol.conformance.client import Client, Json, expect_json
from sync_protocol.conformance.rule import RuleViolation, expect
from sync_protocol.pull import PageSchema
from sync_protocol.segment import Segment

MAX_PAGES = 100_000


@dataclass
class Replica:
    """Rows by (collection, key): channel, position, record."""

    rows: dict[tuple[str, str], tuple[str, int, Json]] = field(default_factory=dict)
    pages: list[Json] = field(default_factory=list)
    etag: str = ""

    @property
    def cursor(self) -> str | None:
        """The cursor of the last page."""
        return self.pages[-1]["cursor"] if self.pages else None

    def pull(self, client: Client, *, schema: int = 1, limit_bytes: int | None = None) -> "Replica":
        """Pull from the current cursor until a page is complete or offers segments; return the replica.

        Every page is checked against the rules; raises `RuleViolation`.
        """
        query = {"limit_bytes": str(limit_bytes)} if limit_bytes else {}
        for _ in range(MAX_PAGES):
            before = self.cursor
            reply = client.pull(before, schema=schema, query=query)
            page = expect_json(reply, PageSchema)
            self.apply(page)
            self.etag = reply.headers.get("etag", "")
            if page["complete"]:
                return self
            expect(page["cursor"] != before, "a page is not complete and does not move the cursor")
            expect(not page["segments"] or schema > 1, "segments are offered to an app of revision 1")
            if page["segments"]:
                return self
        raise RuleViolation(f"no page was complete within {MAX_PAGES}")

    def apply(self, page: Json) -> None:
        """Apply a page by the rules."""
        expect(
            page["complete"] == (page["check"] is not None),
            "`check` belongs to complete pages, and to them alone",
        )
        if page["reset"] == "epoch_changed":
            self.rows.clear()
        for channel, collection in page["drop"]:
            self.rows = {at: r for at, r in self.rows.items() if (r[0], at[0]) != (channel, collection)}
        for change in page["changes"]:
            self._apply_puts(change)
        for change in page["changes"]:
            for position, key in change["gone"]:
                row = self.rows.get((change["collection"], key))
                if row and row[0] == change["channel"] and row[1] < position:
                    del self.rows[change["collection"], key]
        self.pages.append(page)

    def _apply_puts(self, change: Json) -> None:
        stream = f"{change['channel']} {change['collection']}"
        for rows in (change["put"], change["gone"]):
            positions = [row[0] for row in rows]
            expect(positions == sorted(positions), f"{stream}: the positions do not ascend")
        field_name = key_field(change["collection"])
        for position, record in change["put"]:
            key = record.get(field_name)
            expect(isinstance(key, str) and position > 0, f"{stream}: a row has no key or no position")
            row = self.rows.get((change["collection"], key))
            if row is None or row[1] < position:
                self.rows[change["collection"], key] = (change["channel"], position, record)

    def apply_segment(self, segment: Segment, position: int, records: list[tuple[str, Any]]) -> None:
        """Store the rows of a segment, which are all rows of its range. *records* is (key, record)."""
        for key, record in records:
            self.rows[segment.stream[1], key] = (segment.stream[0], position, record)

    def checksum(self) -> ChecksumJson:
        """Return the checksum of all rows, as it travels."""
        hashes = (record_hash(collection, key, row[2]) for (collection, key), row in self.rows.items())
        return Checksum.of(hashes).as_wire()

    def contents(self) -> dict[tuple[str, str], Json]:
        """Return the records by (collection, key)."""
        return {at: row[2] for at, row in self.rows.items()}
