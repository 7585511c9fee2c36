"""The replica: what the server said, applied page by page.

A page is applied whole, with its cursor, in one transaction, and only if the device still holds the
cursor it was asked with; a page that comes late is thrown away. Within it the order is: reset, drop,
puts and tombstones by position. Segments that the page offers are applied afterwards, each by itself.
"""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum, signed
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.page import Page
from sync_protocol.device.store import offers, outbox, rows
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.search_index import folded
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE

_GONE = "DELETE FROM record WHERE collection = ? AND key = ? AND channel = ? AND position < ?"
_SYNC_STATE = (
    "run, cursor, etag, epoch, restart, complete, server_time, poll_after, synced_at, then_cursor, check_count,"
    " check_sum, verified, verified_at, deep_at, renewed_at"
)


@dataclass(frozen=True)
class SyncState:
    """Where the replica stands. A page asked for with one `Held` is applied only while it is still this one."""

    run: int
    cursor: str | None
    etag: str | None
    epoch: str | None
    restart: bool
    complete: bool
    server_time: str | None
    poll_after: int | None
    synced_at: str | None
    then: str | None
    check: Checksum | None
    """What the last page, if it was complete, said that the replica holds."""
    verified: bool
    """The rows as they are now were found equal to the server's."""
    verified_at: str | None
    """When they last were; like the next two by the server's time."""
    deep_at: str | None
    renewed_at: str | None


@dataclass(frozen=True)
class Applied:
    """What a page did. *applied* is false for one that came late and was thrown away.

    *reset*: everything was replaced. *rebased*: the server began a new epoch and the rows were kept.
    """

    applied: bool
    put: int = 0
    gone: int = 0
    reset: bool = False
    rebased: bool = False


def sync_state(db: Database) -> SyncState:
    """Return where the replica stands."""
    row = db.row(f"SELECT {_SYNC_STATE} FROM held")  # noqa: S608 - names from above
    assert row is not None  # noqa: S101 - the schema made it
    check = None if row["check_sum"] is None else Checksum(row["check_count"], row["check_sum"] % MODULUS)
    return SyncState(
        run=row["run"], cursor=row["cursor"], etag=row["etag"], epoch=row["epoch"],
        restart=bool(row["restart"]), complete=bool(row["complete"]), server_time=row["server_time"],
        poll_after=row["poll_after"], synced_at=row["synced_at"], then=row["then_cursor"], check=check,
        verified=bool(row["verified"]), verified_at=row["verified_at"], deep_at=row["deep_at"],
        renewed_at=row["renewed_at"],
    )  # fmt: skip


def still_at(db: Database, asked: SyncState) -> bool:
    """Say whether the replica still stands where it stood at *asked*; call it inside a transaction."""
    row = db.row("SELECT run, cursor FROM held")
    return row is not None and tuple(row) == (asked.run, asked.cursor)


def apply(db: Database, page: Page, asked: SyncState, now: str) -> Applied:
    """Apply *page*, which was asked for while the replica stood at *asked*; *now* is this device's time."""
    with db.writing():
        if not still_at(db, asked):
            return Applied(False)
        current = sync_state(db)
        if current.cursor is not None and page.reset is None and page.epoch != current.epoch:
            raise ContractBroken("the page is of another epoch than the cursor and does not say reset")
        reset = page.reset == RESET_EPOCH
        rebased = page.reset == RESET_REBASE
        if reset or rebased or current.restart or current.cursor is None:
            # Before its first page the device has no epoch: what was pushed until now may have been pushed to
            # a server that was restored since.
            outbox.push_again(db)
        if reset or rebased or current.restart:
            offers.forget(db)
        if reset or current.restart:
            db.run("DELETE FROM record")
        elif rebased:
            # Whether the rows are those of the new epoch, the checksum of the complete page tells.
            db.run("UPDATE record SET position = ?", page.head)
        for stream in page.drop:
            drop(db, stream)
        failpoint("apply.after_drop")
        put = db.run_many(rows.PUT, [rows.stored(row) for row in page.put])
        failpoint("apply.after_puts")
        gone = db.run_many(_GONE, [(row.stream[1], row.key, row.stream[0], row.position) for row in page.gone])
        outbox.note_states(
            db, page.server_time, [row.key for row in page.put if row.stream[1] == "submissions"]
        )
        db.run(
            "UPDATE held SET cursor = ?, etag = ?, epoch = ?, restart = 0, complete = ?, server_time = ?,"
            " poll_after = ?, synced_at = ?, check_count = ?, check_sum = ?, verified = 0",
            page.cursor, page.etag, page.epoch, page.complete, page.server_time, page.poll_after, now,
            page.check and page.check.count, page.check and signed(page.check.sum),
        )  # fmt: skip
        offers.replace(db, page.offers, page.then, page.drop)
        failpoint("apply.before_commit")
    failpoint("apply.after_commit")
    return Applied(True, put, gone, reset, rebased)


def drop(db: Database, stream: Stream) -> None:
    """Delete every record of *stream*. Call it inside a transaction."""
    db.run("DELETE FROM record WHERE channel = ? AND collection = ?", *stream)


def confirm_complete(db: Database, asked: SyncState, poll_after: int | None, now: str) -> None:
    """Note that the server had nothing above the cursor of *asked* (a 304)."""
    with db.writing():
        if still_at(db, asked):
            db.run(
                "UPDATE held SET complete = 1, poll_after = coalesce(?, poll_after), synced_at = ?",
                poll_after,
                now,
            )


def forget_cursor(db: Database, asked: SyncState) -> None:
    """Drop the cursor that the server does not know; the rows stay until the first page of the new run."""
    with db.writing():
        if still_at(db, asked):
            reset(db)


def reset(db: Database) -> None:
    """Make the next page replace everything. Call it inside a transaction."""
    offers.forget(db)
    db.run(
        "UPDATE held SET run = run + 1, cursor = NULL, etag = NULL, epoch = NULL, restart = 1, complete = 0,"
        " check_count = NULL, check_sum = NULL, verified = 0"
    )


def record(db: Database, collection: str, key: str) -> dict[str, Any] | None:
    """Return the record, or None if the replica has none."""
    body = db.value("SELECT body FROM record WHERE collection = ? AND key = ?", collection, key)
    return None if body is None else _decoded(body)


def records(db: Database, collection: str, match: str = "", limit: int = -1) -> list[dict[str, Any]]:
    """Return the records of *collection* that have every word of *match*, by key; at most *limit*."""
    terms = folded(match).split()
    condition = "".join(" AND instr(words, ?) > 0" for _ in terms)
    found = db.rows(
        f"SELECT body FROM record WHERE collection = ?{condition} ORDER BY key LIMIT ?",  # noqa: S608
        collection,
        *terms,
        limit,
    )
    return _all(found)


def children(db: Database, collection: str, of: str) -> list[dict[str, Any]]:
    """Return the records of *collection* that belong to the customer or product with key *of*."""
    return _all(
        db.rows("SELECT body FROM record WHERE collection = ? AND parent = ? ORDER BY key", collection, of)
    )


def counts(db: Database) -> dict[str, int]:
    """Return how many records the replica has per collection."""
    return dict(db.rows("SELECT collection, count(*) FROM record GROUP BY collection ORDER BY collection"))  # type: ignore[arg-type]


def _all(rows: list[sqlite3.Row]) -> list[dict[str, Any]]:
    return [_decoded(row["body"]) for row in rows]


def _decoded(body: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(body)
    return value
