"""The script of the scripted server: pages, each after a cursor, and what a replica must hold after each.

Cursors have a form that no real server uses, so that a device that parses one is detected.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sync_protocol.canonical import canonical
from sync_protocol.checksum import Checksum, record_hash
from sync_protocol.segment import KeyRange, encode, name_of

Json = dict[str, Any]
Rows = dict[tuple[str, str], tuple[str, int, Json]]
"""(channel, position, record) by (collection, key)."""
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


class Script:
    """Pages by the cursor that they follow (None: the start), and the expected rows by cursor."""

    def __init__(self) -> None:
        self.pages: dict[str | None, Json] = {}
        self.rows: dict[str | None, Rows] = {None: {}}

    def page(
        self,
        after: str | None,
        cursor: str,
        *changes: Changes,
        complete: bool = True,
        reset: str | None = None,
        drop: Iterable[tuple[str, str]] = (),
        epoch: str = "kit-epoch-1",
        **more: Any,
    ) -> None:
        """Add the page that follows the cursor *after*: it makes *changes* and returns *cursor*.

        *more* are further fields of the page.
        """
        dropped = list(drop)
        before: Rows = {} if reset == "epoch_changed" else self.rows.get(after, {})
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
        check = Checksum.of(record_hash(c, key, row[2]) for (c, key), row in rows.items())
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
            "check": check.as_wire() if complete else None,
            "server_time": "2026-11-23T09:00:00Z",
            "poll_after": 60,
            **more,
        }

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
            offers.append({**range_, "priority": 1, "position": part.position, "url": None, **size})
        self.page(after, cursor, complete=False, segments=offers, then=then)
        self.rows[then] = rows
        return files

    def empty(self, cursor: str | None) -> Json:
        """Return the page which says that nothing has changed since *cursor*."""
        unchanged = Script()
        unchanged.rows = self.rows
        last = next((p for p in self.pages.values() if p["cursor"] == cursor), None)
        epoch = last["epoch"] if last else "kit-epoch-1"
        unchanged.page(cursor, cursor or "kit:nothing", epoch=epoch)
        return unchanged.pages[cursor]
