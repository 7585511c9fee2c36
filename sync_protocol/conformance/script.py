"""The script of the scripted server: pages, each after a cursor, and what a replica must hold after each.

Cursors have a form that no real server uses, so that a device that parses one is detected.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync_protocol.canonical import canonical
from sync_protocol.checksum import Checksum, ChecksumJson, record_hash
from sync_protocol.conformance.verify_replies import Rows, verify_reply
from sync_protocol.segment import KeyRange, encode, name_of

Json = dict[str, Any]
"""A JSON object as it travels: a record, a change, a page (`PageSchema`) or a part of them."""
NW, SE = "territory:NW", "territory:SE"
REP = "R1"


def customer(key: str, name: str = "", territory: str = "NW") -> Json:
    """Return a customer's record that the catalogue accepts."""
    return {
        "id": key, "number": key, "name": name or f"Customer {key}", "kind": "organisation", "status": "active",
        "block_order": False, "block_delivery": False, "territory": territory, "group": None, "tax_id": None,
        "language": "en", "currency": "EUR", "price_list_id": None, "payment_term": None, "addresses": [],
        "notes": None, "replaced_by": None,
    }  # fmt: skip


def submission_record(document: Json, state: str, **more: Any) -> Json:
    """Return the record of a pushed *document* in `submissions`, by which the feed reports its *state*."""
    return {
        "id": document["id"], "rep": REP, "kind": document["kind"], "title": "A document",
        "captured_at": document["captured_at"], "received_at": document["captured_at"],
        "updated_at": document["captured_at"], "sha256": document["sha256"], "state": state, "erp_number": None,
        "reason": None, "decision": None, "errors": [], "missing": [], "supersedes": None,
        "superseded_by": None, "body": document["body"], **more,
    }  # fmt: skip


@dataclass
class Changes:
    """The changes of one stream on a page."""

    channel: str
    collection: str
    put: list[tuple[int, Json]] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)

    def as_wire(self) -> Json:
        """Return the changes as they travel."""
        return {
            "channel": self.channel,
            "collection": self.collection,
            "put": [[position, record] for position, record in self.put],
            "gone": [[position, key] for position, key in self.gone],
        }


class Part(NamedTuple):
    """A key range of a stream, offered as a segment at *position*."""

    range: KeyRange
    position: int
    records: Sequence[Json]
    priority: int = 1
    url: str | None = None


class Script:
    """Pages by the cursor that they follow (None: the start), and the expected rows by cursor.

    A source of the scripted server (`sync_protocol.conformance.source`).
    """

    def __init__(self) -> None:
        self.pages: dict[str | None, Json] = {}
        self.rows: dict[str | None, Rows] = {None: {}}
        self.server_time = dt.datetime.now(dt.UTC).replace(microsecond=0)
        """The server's clock in the pages added from now on. A device takes its dates from it."""

    def page(
        self,
        after: str | None,
        cursor: str,
        *changes: Changes,
        complete: bool = True,
        reset: str | None = None,
        drop: Iterable[tuple[str, str]] = (),
        epoch: str = "kit-epoch-1",
        head: int | None = None,
        **more: Any,
    ) -> None:
        """Add the page that follows the cursor *after*: it makes *changes* and returns *cursor*.

        *head* is the newest position of the feed; None: one above all rows. *more* are further fields of the
        page.
        """
        dropped = list(drop)
        before: Rows = {} if reset == "epoch_changed" else self.rows.get(after, {})
        if head is None:
            head = max([row[1] for row in before.values()], default=0) + 1000
        if reset == "epoch_rebased":
            before = {at: (row[0], head, row[2]) for at, row in before.items()}
        rows = {at: row for at, row in before.items() if (row[0], at[0]) not in dropped}
        for change in changes:
            for position, record in change.put:
                row_before = rows.get((change.collection, record["id"]))
                if row_before is None or row_before[1] < position:
                    rows[change.collection, record["id"]] = (change.channel, position, record)
        for change in changes:
            for position, key in change.gone:
                row_before = rows.get((change.collection, key))
                if row_before is not None and row_before[0] == change.channel and row_before[1] < position:
                    del rows[change.collection, key]
        self.rows[cursor] = rows
        self.pages[after] = {
            "epoch": epoch,
            "cursor": cursor,
            "complete": complete,
            "head": head,
            "reset": reset,
            "drop": [list(stream) for stream in dropped],
            "changes": [change.as_wire() for change in changes],
            "segments": [],
            "then": None,
            "check": _checksum(rows) if complete else None,
            "server_time": self.server_time.isoformat().replace("+00:00", "Z"),
            "poll_after": 60,
            **more,
        }

    def hide(self, after: str | None, **rows: tuple[str, int, Json] | None) -> None:
        """Let the server hold other customers than the page after *after* leads to; its `check` tells.

        *rows* are (channel, position, record) by key; None: the server does not have the customer.
        """
        page = self.pages[after]
        expected = dict(self.rows[page["cursor"]])
        for key, row in rows.items():
            expected.pop(("customers", key), None)
            if row is not None:
                expected["customers", key] = row
        self.rows[page["cursor"]] = expected
        page["check"] = _checksum(expected)

    def offer(self, after: str | None, cursor: str, then: str, channel: str, *parts: Part) -> list[bytes]:
        """Add the page that follows *after* and offers customers of *channel* in *parts*; return their files.

        Once the last segment is applied, the replica's cursor is *then*.
        """
        stream = (channel, "customers")
        rows = {at: row for at, row in self.rows[after].items() if (row[0], at[0]) != stream}
        files, offers = [], []
        for part in parts:
            records = {record["id"]: record for record in part.records}
            canonical_rows = [(key, canonical(record).decode()) for key, record in sorted(records.items())]
            files.append(encode(stream, part.range, canonical_rows))
            rows |= {("customers", key): (channel, part.position, record) for key, record in records.items()}
            range_ = {
                "channel": channel,
                "collection": "customers",
                "from": part.range.start,
                "to": part.range.end,
            }
            size = {"sha256": name_of(files[-1]), "bytes": len(files[-1]), "rows": len(records)}
            offers.append(
                {**range_, "priority": part.priority, "position": part.position, "url": part.url, **size}
            )
        self.page(after, cursor, complete=False, segments=offers, then=then)
        self.rows[then] = rows
        return files

    def page_after(self, cursor: str | None) -> Json:
        """Return the page that follows *cursor*, or one which says that nothing has changed since."""
        return self.pages.get(cursor) or self._empty(cursor)

    def unchanged_since(self, cursor: str) -> bool:
        """Return whether no page follows *cursor*."""
        return cursor not in self.pages

    def verify(self, request: Json) -> Json:
        """Return the reply to a step of a verification."""
        cursor = request["cursor"]
        return verify_reply(request, self.rows.get(cursor, {}), self._empty(cursor)["epoch"])

    def _empty(self, cursor: str | None) -> Json:
        """Return a page which says that nothing has changed since *cursor*."""
        unchanged = Script()
        unchanged.rows, unchanged.server_time = self.rows, self.server_time
        last = next((p for p in self.pages.values() if p["cursor"] == cursor), None)
        epoch = last["epoch"] if last else "kit-epoch-1"
        unchanged.page(cursor, cursor or "kit:nothing", epoch=epoch)
        return unchanged.pages[cursor]


def _checksum(rows: Rows) -> ChecksumJson:
    return Checksum.of(record_hash(c, key, row[2]) for (c, key), row in rows.items()).as_wire()
