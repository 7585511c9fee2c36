"""The segments that are offered and not applied yet: the list that goes with the cursor held.

The list is stored with the page that brought it and is replaced by the next page's. A segment that was
applied counts in the new list too if its name and position are the same and its stream was not dropped.
Everything here is called inside the transaction that changes the cursor or the rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sync_protocol.change import Stream
from sync_protocol.device.page import Offer
from sync_protocol.device.store.database import Database
from sync_protocol.segment import KeyRange


@dataclass(frozen=True)
class Standing:
    """How much of what is offered has been applied, for a progress bar. *usable*: the first priority is."""

    segments: int = 0
    bytes: int = 0
    bytes_applied: int = 0
    rows: int = 0
    rows_applied: int = 0
    usable: bool = True

    def done(self) -> "Standing":
        """Return the standing after the last segment: the list itself is gone then."""
        return Standing(self.segments, self.bytes, self.bytes, self.rows, self.rows)


def replace(db: Database, offers: Sequence[Offer], then: str | None, dropped: Collection[Stream]) -> None:
    """Make *offers* the list; what was applied of it and not *dropped* since need not be applied again."""
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
    db.run("UPDATE held SET then_cursor = ?", then)
    finish(db)


def finish(db: Database) -> None:
    """Where the last segment has been applied, take the cursor that follows."""
    if not db.value("SELECT count(*) FROM segment WHERE NOT applied"):
        db.run(
            "UPDATE held SET cursor = then_cursor, etag = NULL, then_cursor = NULL"
            " WHERE then_cursor IS NOT NULL"
        )
        db.run("DELETE FROM segment")


def waits(db: Database, offer: Offer) -> bool:
    """Say whether *offer* still stands in the list and has not been applied."""
    return bool(
        db.value(
            "SELECT count(*) FROM segment WHERE channel = ? AND collection = ? AND key_from = ?"
            " AND sha256 = ? AND position = ? AND NOT applied",
            *offer.stream, offer.range.start, offer.sha256, offer.position,
        )
    )  # fmt: skip


def note_applied(db: Database, offer: Offer) -> None:
    """Note that *offer* has been applied."""
    db.run(
        "UPDATE segment SET applied = 1 WHERE channel = ? AND collection = ? AND key_from = ?",
        *offer.stream,
        offer.range.start,
    )


def withdraw(db: Database) -> None:
    """Forget what is still to be fetched; what was applied is remembered for the next page's list."""
    db.run("DELETE FROM segment WHERE NOT applied")
    db.run("UPDATE held SET then_cursor = NULL")


def forget(db: Database) -> None:
    """Forget the whole list."""
    db.run("DELETE FROM segment")
    db.run("UPDATE held SET then_cursor = NULL")


def next_wanted(db: Database) -> Offer | None:
    """Return the segment to fetch next: the most urgent priority first, then by key."""
    row = db.row(
        "SELECT channel, collection, key_from, key_to, priority, sha256, bytes, rows, position, url"
        " FROM segment WHERE NOT applied ORDER BY priority, collection, key_from, channel LIMIT 1"
    )
    if row is None:
        return None
    channel, collection, start, end, *rest = row
    return Offer((channel, collection), KeyRange(start, end), *rest)


def names(db: Database) -> set[str]:
    """Return the names of the segments that are still to be applied."""
    return {row["sha256"] for row in db.rows("SELECT sha256 FROM segment WHERE NOT applied")}


def standing(db: Database) -> Standing:
    """Return how much of the list has been applied."""
    row = db.row(
        "SELECT count(*), coalesce(sum(bytes), 0), coalesce(sum(bytes * applied), 0), coalesce(sum(rows), 0),"
        " coalesce(sum(rows * applied), 0),"
        " coalesce(min(applied OR priority > (SELECT min(priority) FROM segment)), 1) FROM segment"
    )
    assert row is not None  # noqa: S101 - an aggregate always has a row
    segments, size, size_applied, rows, rows_applied, usable = row
    return Standing(segments, size, size_applied, rows, rows_applied, bool(usable))
