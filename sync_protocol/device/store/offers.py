"""The segments that the server offers with the stored cursor, and which of them have been applied.

The list is stored with the page that brought it; the next page's list replaces it. A segment that was applied
counts as applied in the new list too, if its name and position are the same and its stream was not dropped.
Call everything here inside the transaction that changes the cursor or the rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sync_protocol.change import Stream
from sync_protocol.device.page import Offer
from sync_protocol.device.store.database import Database
from sync_protocol.segment import KeyRange


@dataclass(frozen=True)
class DownloadProgress:
    """How much of the offered segments has been applied, for a progress bar.

    *usable*: all segments of the first priority have been applied.
    """

    segments: int = 0
    bytes: int = 0
    bytes_applied: int = 0
    rows: int = 0
    rows_applied: int = 0
    usable: bool = True

    def finished(self) -> "DownloadProgress":
        """Return the progress after the last segment; by then the list itself has been deleted."""
        return DownloadProgress(self.segments, self.bytes, self.bytes, self.rows, self.rows)


def replace(db: Database, offers: Sequence[Offer], then: str | None, dropped: Collection[Stream]) -> None:
    """Store *offers* as the list; segments applied before stay applied, unless their stream is in *dropped*."""
    applied = {
        (row["channel"], row["collection"], row["key_from"], row["sha256"], row["position"])
        for row in db.rows("SELECT * FROM segment WHERE applied")
        if (row["channel"], row["collection"]) not in dropped
    }
    db.run("DELETE FROM segment")
    db.run_many(
        "INSERT INTO segment (channel, collection, key_from, key_to, priority, sha256, bytes, rows, position,"
        " url, applied) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *offer.stream, offer.range.start, offer.range.end, offer.priority, offer.sha256, offer.bytes,
                offer.rows, offer.position, offer.url,
                (*offer.stream, offer.range.start, offer.sha256, offer.position) in applied,
            )
            for offer in offers
        ],
    )  # fmt: skip
    db.run("UPDATE sync_state SET then_cursor = ?", then)
    finish(db)


def finish(db: Database) -> None:
    """If the last segment has been applied, replace the cursor by `then` and delete the list."""
    if not db.value("SELECT count(*) FROM segment WHERE NOT applied"):
        db.run(
            "UPDATE sync_state SET cursor = then_cursor, etag = NULL, then_cursor = NULL"
            " WHERE then_cursor IS NOT NULL"
        )
        db.run("DELETE FROM segment")


def is_pending(db: Database, offer: Offer) -> bool:
    """Say whether *offer* is in the list and has not been applied."""
    return bool(
        db.value(
            "SELECT count(*) FROM segment WHERE channel = ? AND collection = ? AND key_from = ?"
            " AND sha256 = ? AND position = ? AND NOT applied",
            *offer.stream, offer.range.start, offer.sha256, offer.position,
        )
    )  # fmt: skip


def mark_applied(db: Database, offer: Offer) -> None:
    """Store that *offer* has been applied."""
    db.run(
        "UPDATE segment SET applied = 1 WHERE channel = ? AND collection = ? AND key_from = ?",
        *offer.stream,
        offer.range.start,
    )


def forget_pending(db: Database) -> None:
    """Delete the pending segments; those that were applied are kept for the next page's list."""
    db.run("DELETE FROM segment WHERE NOT applied")
    db.run("UPDATE sync_state SET then_cursor = NULL")


def forget_all(db: Database) -> None:
    """Delete the whole list."""
    db.run("DELETE FROM segment")
    db.run("UPDATE sync_state SET then_cursor = NULL")


def next_pending(db: Database) -> Offer | None:
    """Return the segment to fetch next, or None: by priority, then collection and key."""
    row = db.row(
        "SELECT channel, collection, key_from, key_to, priority, sha256, bytes, rows, position, url"
        " FROM segment WHERE NOT applied ORDER BY priority, collection, key_from, channel LIMIT 1"
    )
    if row is None:
        return None
    channel, collection, start, end, *rest = row
    return Offer((channel, collection), KeyRange(start, end), *rest)


def pending_names(db: Database) -> set[str]:
    """Return the names (sha256) of the pending segments."""
    return {row["sha256"] for row in db.rows("SELECT sha256 FROM segment WHERE NOT applied")}


def progress(db: Database) -> DownloadProgress:
    """Return how much of the list has been applied."""
    segments, size, size_applied, rows, rows_applied, usable = db.only_row(
        "SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(bytes * applied), 0), coalesce(sum(rows), 0),"
        " coalesce(sum(rows * applied), 0),"
        " coalesce(min(applied OR priority > (SELECT min(priority) FROM segment)), 1) FROM segment"
    )
    return DownloadProgress(segments, size, size_applied, rows, rows_applied, bool(usable))
