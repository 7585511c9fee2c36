"""The device of revision 1, frozen: what it checked in a reply, and what it did with a page.

It is kept apart from `sync_protocol/device`, which is always of the newest revision, and imports nothing of
it. Phones in the field continue to do this until they are updated; change nothing here.
"""

from typing import Any

SCHEMA = 1
RESETS = (None, "epoch_changed")
STATUSES = ("received", "duplicate", "refused", "quarantined")
STATES = (
    *("received", "awaiting_approval", "queued", "sending", "accepted", "handed_over", "on_hold"),
    *("rejected", "unknown", "parked", "withdrawn", "superseded", "cancelled"),
)


class ContractBroken(Exception):
    """The reply is not what revision 1 was told it would be."""


class Reader:
    """A replica by the rules of revision 1; `rows` maps (collection, key) to (channel, position, record)."""

    def __init__(self) -> None:
        self.cursor: str | None = None
        self.epoch: str | None = None
        self.complete = False
        self.rows: dict[tuple[str, str], tuple[str, int, dict[str, Any]]] = {}

    def apply(self, page: Any, asked_with: str | None) -> None:
        """Apply *page* whole, if the cursor it was asked with is still held; raises `ContractBroken`."""
        check_page(page)
        if asked_with != self.cursor:
            return
        if self.cursor is not None and page["reset"] is None and page["epoch"] != self.epoch:
            raise ContractBroken("another epoch without a reset")
        if not page["complete"] and page["cursor"] == asked_with:
            raise ContractBroken("the page moves nothing and is not complete")
        if page["reset"]:
            self.rows.clear()
        for channel, collection in page["drop"]:
            self.rows = {k: row for k, row in self.rows.items() if (row[0], k[0]) != (channel, collection)}
        for change in page["changes"]:
            for position, record in change["put"]:
                held_row = self.rows.get((change["collection"], record["id"]))
                if held_row is None or held_row[1] < position:
                    self.rows[change["collection"], record["id"]] = (change["channel"], position, record)
        for change in page["changes"]:
            for position, key in change["gone"]:
                held_row = self.rows.get((change["collection"], key))
                if held_row and held_row[0] == change["channel"] and held_row[1] < position:
                    del self.rows[change["collection"], key]
        self.cursor, self.epoch, self.complete = page["cursor"], page["epoch"], page["complete"]

    def records(self, collection: str) -> dict[str, dict[str, Any]]:
        """Return the records held of *collection* by key."""
        return {key: row[2] for (name, key), row in sorted(self.rows.items()) if name == collection}


def check_page(page: Any) -> None:
    """Raise `ContractBroken` where revision 1 would throw *page* away. Fields it did not know are ignored."""
    for name, kind in (
        ("epoch", str),
        ("cursor", str),
        ("complete", bool),
        ("drop", list),
        ("changes", list),
        ("server_time", str),
        ("poll_after", int),
    ):
        if type(page.get(name)) is not kind:
            raise ContractBroken(f"{name} is {page.get(name)!r}")
    if len(page["cursor"]) > 16 * 1024 or len(page["epoch"]) > 40:
        raise ContractBroken("too long")
    if page["reset"] not in RESETS:
        raise ContractBroken(f"reset is {page['reset']!r}")
    for change in page["changes"]:
        if not isinstance(change["channel"], str) or not isinstance(change["collection"], str):
            raise ContractBroken("a change of no stream")
        for position, record in change["put"]:
            if type(position) is not int or not 0 < position < 2**53 or not isinstance(record["id"], str):
                raise ContractBroken("a put is not [position, record]")
        for position, key in change["gone"]:
            if type(position) is not int or not 0 < position < 2**53 or not isinstance(key, str):
                raise ContractBroken("a tombstone is not [position, key]")


def check_results(results: Any, documents: list[Any]) -> None:
    """Raise `ContractBroken` where revision 1 would not take the answer to a push of *documents*."""
    if len(results) != len(documents):
        raise ContractBroken("not one result for each document")
    for result, document in zip(results, documents, strict=True):
        if result["id"] not in (None, document["id"]):
            raise ContractBroken("the results are in another order")
        if result["status"] not in STATUSES or result["state"] not in (None, *STATES):
            raise ContractBroken(f"{result['status']}, {result['state']}")
        if result["status"] in ("received", "duplicate") and result["sha256"] != document["sha256"]:
            raise ContractBroken("another document was stored")
        for fault in result["errors"]:
            if not all(isinstance(fault[name], str) for name in ("code", "field", "message")):
                raise ContractBroken("a fault is not code, field and message")
