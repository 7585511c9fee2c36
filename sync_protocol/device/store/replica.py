"""The replica: the server's records, applied page by page.

A page is applied completely, with its cursor, in one transaction, and only if the device still has the cursor
that the page was requested with; a late page is discarded. The order within a page is: reset, drop, then puts
and tombstones by position. The segments that a page offers are applied later, each in its own transaction.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync_protocol.change import Stream
from sync_protocol.checksum import MODULUS, Checksum, signed
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.page import Page
from sync_protocol.device.store import offers, outbox, rows
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.search_index import folded
from sync_protocol.json_types import NewRecord
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE

_GONE = "DELETE FROM record WHERE collection = ? AND key = ? AND channel = ? AND position < ?"
_SYNC_STATE = (
    "SELECT run, cursor, etag, epoch, restart, complete, server_time, poll_after, synced_at, then_cursor,"
    " check_count, check_sum, verified, verified_at, rehashed_at, refetched_at FROM sync_state"
)


@dataclass(frozen=True)
class SyncState:
    """How far the replica has been synced: the row of table `sync_state`. Times are ISO 8601, as the server
    sent them.

    A page is requested at one state, and applied only while the device is still at it.
    """

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
    """The checksum of all rows that the last page stated, if it was complete."""
    verified: bool
    """The current rows were found equal to the server's."""
    verified_at: str | None
    """When they last were, by the server's time, like the next two."""
    rehashed_at: str | None
    """When all hashes were last computed again from the bodies."""
    refetched_at: str | None
    """When everything was last fetched again because repairs did not help."""


@dataclass(frozen=True)
class Applied:
    """The effect of a page, segment or repair. *applied* is false if it came late and was discarded.

    *put* and *gone* count rows; *dropped* the rows that were deleted with their streams. *reset*: everything
    was replaced. *rebased*: the server began a new epoch and the rows were kept.
    """

    applied: bool
    put: int = 0
    gone: int = 0
    reset: bool = False
    rebased: bool = False
    dropped: Mapping[Stream, int] = field(default_factory=dict)


def sync_state(db: Database) -> SyncState:
    """Return how far the replica has been synced."""
    row = db.only_row(_SYNC_STATE)
    check = None if row["check_sum"] is None else Checksum(row["check_count"], row["check_sum"] % MODULUS)
    return SyncState(
        run=row["run"], cursor=row["cursor"], etag=row["etag"], epoch=row["epoch"],
        restart=bool(row["restart"]), complete=bool(row["complete"]), server_time=row["server_time"],
        poll_after=row["poll_after"], synced_at=row["synced_at"], then=row["then_cursor"], check=check,
        verified=bool(row["verified"]), verified_at=row["verified_at"], rehashed_at=row["rehashed_at"],
        refetched_at=row["refetched_at"],
    )  # fmt: skip


def still_at(db: Database, expected: SyncState) -> bool:
    """Say whether run and cursor are still those of *expected*; call it inside a transaction."""
    row = db.row("SELECT run, cursor FROM sync_state")
    return row is not None and tuple(row) == (expected.run, expected.cursor)


def apply(db: Database, page: Page, expected: SyncState, now: str) -> Applied:
    """Apply *page* if the replica is still at *expected*, the state at which the page was requested.

    *now* is this device's time. Raises `ContractBroken` if the epoch changes without a reset.
    """
    with db.writing():
        if not still_at(db, expected):
            return Applied(False)
        current = sync_state(db)
        if current.cursor is not None and page.reset is None and page.epoch != current.epoch:
            raise ContractBroken("the page is of another epoch than the cursor and does not say reset")
        reset = page.reset == RESET_EPOCH
        rebased = page.reset == RESET_REBASE
        if reset or rebased or current.restart or current.cursor is None:
            # Before its first page the device has no epoch: a server that received the documents pushed until
            # now may have been restored since.
            outbox.push_all_again(db)
        if reset or rebased or current.restart:
            offers.forget_all(db)
        if reset or current.restart:
            db.run("DELETE FROM record")
        elif rebased:
            # The checksum of the complete page shows whether the rows are those of the new epoch.
            db.run("UPDATE record SET position = ?", page.head)
        dropped: dict[Stream, int] = {}
        for stream in page.drop:
            dropped[stream] = drop_stream(db, stream)
        failpoint("apply.after_drop")
        put = db.run_many(rows.PUT, [rows.row_of(row) for row in page.put])
        failpoint("apply.after_puts")
        gone = db.run_many(_GONE, [(row.stream[1], row.key, row.stream[0], row.position) for row in page.gone])
        outbox.update_states(
            db, page.server_time, [row.key for row in page.put if row.stream[1] == "submissions"]
        )
        db.run(
            "UPDATE sync_state SET cursor = ?, etag = ?, epoch = ?, restart = 0, complete = ?, server_time = ?,"
            " poll_after = ?, synced_at = ?, check_count = ?, check_sum = ?, verified = 0",
            page.cursor, page.etag, page.epoch, page.complete, page.server_time, page.poll_after, now,
            page.check and page.check.count, page.check and signed(page.check.sum),
        )  # fmt: skip
        offers.replace(db, page.offers, page.then, page.drop)
        failpoint("apply.before_commit")
    failpoint("apply.after_commit")
    return Applied(True, put, gone, reset, rebased, dropped)


def drop_stream(db: Database, stream: Stream) -> int:
    """Delete every record of *stream*; return how many. Call it inside a transaction."""
    return db.run("DELETE FROM record WHERE channel = ? AND collection = ?", *stream)


def confirm_complete(db: Database, expected: SyncState, poll_after: int | None, now: str) -> None:
    """Store that the server has nothing above the cursor of *expected* (a 304). *poll_after* is in seconds."""
    with db.writing():
        if still_at(db, expected):
            db.run(
                "UPDATE sync_state SET complete = 1, poll_after = coalesce(?, poll_after), synced_at = ?",
                poll_after,
                now,
            )


def forget_cursor(db: Database, expected: SyncState) -> None:
    """Drop a cursor that the server does not know; the rows stay until the first page of the new run."""
    with db.writing():
        if still_at(db, expected):
            reset(db)


def reset(db: Database) -> None:
    """Make the next page replace everything. Call it inside a transaction."""
    offers.forget_all(db)
    db.run(
        "UPDATE sync_state SET run = run + 1, cursor = NULL, etag = NULL, epoch = NULL, restart = 1,"
        " complete = 0, check_count = NULL, check_sum = NULL, verified = 0"
    )


def record(db: Database, collection: str, key: str) -> NewRecord | None:
    """Return the record, or None."""
    body = db.value("SELECT body FROM record WHERE collection = ? AND key = ?", collection, key)
    return None if body is None else _decoded(body)


def records(db: Database, collection: str, match: str = "", limit: int = -1) -> list[NewRecord]:
    """Return the records of *collection* that contain every word of *match*, by key; at most *limit*."""
    terms = folded(match).split()
    condition = "".join(" AND instr(search_text, ?) > 0" for _ in terms)
    sql = f"SELECT body FROM record WHERE collection = ?{condition} ORDER BY key LIMIT ?"  # noqa: S608 - question marks only  # nosec B608
    return _all(db.rows(sql, collection, *terms, limit))


def children(db: Database, collection: str, parent: str) -> list[NewRecord]:
    """Return the records of *collection* that belong to the customer or product *parent*, by key."""
    return _all(
        db.rows("SELECT body FROM record WHERE collection = ? AND parent = ? ORDER BY key", collection, parent)
    )


def channels(db: Database) -> frozenset[str]:
    """Return the channels that have records; each costs one look into the index."""
    rows = db.rows(
        "WITH RECURSIVE next(channel) AS (SELECT min(channel) FROM record UNION ALL"
        " SELECT (SELECT min(channel) FROM record WHERE channel > next.channel) FROM next"
        " WHERE channel IS NOT NULL) SELECT channel FROM next WHERE channel IS NOT NULL"
    )
    return frozenset(row["channel"] for row in rows)


def has_rows(db: Database, channel: str, collection: str | None = None) -> bool:
    """Return whether *channel* has a record, of *collection* if one is named."""
    sql = "SELECT 1 FROM record WHERE channel = ?"
    if collection is None:
        return db.value(f"{sql} LIMIT 1", channel) is not None
    return db.value(f"{sql} AND collection = ? LIMIT 1", channel, collection) is not None


def channel_samples(db: Database, collection: str) -> list[NewRecord]:
    """Return one record of *collection* for each channel that has any."""
    return _all(
        db.rows("SELECT body, min(position) FROM record WHERE collection = ? GROUP BY channel", collection)
    )


def counts(db: Database) -> dict[str, int]:
    """Return the number of records per collection."""
    rows = db.rows("SELECT collection, count(*) AS n FROM record GROUP BY collection ORDER BY collection")
    return {row["collection"]: row["n"] for row in rows}


def _all(rows: list[sqlite3.Row]) -> list[NewRecord]:
    return [_decoded(row["body"]) for row in rows]


def _decoded(body: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(body)
    return value
