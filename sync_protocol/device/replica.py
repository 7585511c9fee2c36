"""The replica: what the server said, applied page by page.

A page is applied whole, with its cursor, in one transaction, and only if the device still holds the
cursor it was asked with; a page that comes late is thrown away. Within it the order is: reset, drop,
puts and tombstones by position.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sync_protocol.device import outbox
from sync_protocol.device.database import Database
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.indexed import folded, parent, words
from sync_protocol.device.page import Page

_PUT = """
INSERT INTO record (collection, key, channel, position, body, words, parent) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (collection, key) DO UPDATE SET channel = excluded.channel, position = excluded.position,
    body = excluded.body, words = excluded.words, parent = excluded.parent
WHERE excluded.position > record.position
"""
_GONE = "DELETE FROM record WHERE collection = ? AND key = ? AND channel = ? AND position < ?"


@dataclass(frozen=True)
class Held:
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


@dataclass(frozen=True)
class Applied:
    """What a page did. *applied* is false for one that came late and was thrown away."""

    applied: bool
    put: int = 0
    gone: int = 0
    reset: bool = False


def held(db: Database) -> Held:
    """Return where the replica stands."""
    row = db.row(
        "SELECT run, cursor, etag, epoch, restart, complete, server_time, poll_after, synced_at FROM held"
    )
    assert row is not None  # noqa: S101 - the schema made it
    run, cursor, etag, epoch, restart, complete, server_time, poll_after, synced_at = row
    return Held(run, cursor, etag, epoch, bool(restart), bool(complete), server_time, poll_after, synced_at)


def apply(db: Database, page: Page, asked: Held, now: str) -> Applied:
    """Apply *page*, which was asked for while the replica stood at *asked*; *now* is this device's time."""
    with db.writing():
        current = held(db)
        if (current.run, current.cursor) != (asked.run, asked.cursor):
            return Applied(False)
        reset = page.reset is not None
        if current.cursor is not None and not reset and page.epoch != current.epoch:
            raise ContractBroken("the page is of another epoch than the cursor and does not say reset")
        if reset or current.restart:
            outbox.push_again(db)
            db.run("DELETE FROM record")
        for channel, collection in page.drop:
            db.run("DELETE FROM record WHERE channel = ? AND collection = ?", channel, collection)
        failpoint("apply.after_drop")
        try:
            put = db.run_many(_PUT, list(_rows(page)))
        except (UnicodeEncodeError, OverflowError) as error:
            raise ContractBroken(f"a record cannot be stored: {error}") from None
        failpoint("apply.after_puts")
        gone = db.run_many(_GONE, [(row.stream[1], row.key, row.stream[0], row.position) for row in page.gone])
        outbox.note_fates(db, page.server_time)
        db.run(
            "UPDATE held SET cursor = ?, etag = ?, epoch = ?, restart = 0, complete = ?, server_time = ?,"
            " poll_after = ?, synced_at = ?",
            page.cursor, page.etag, page.epoch, page.complete, page.server_time, page.poll_after, now,
        )  # fmt: skip
        failpoint("apply.before_commit")
    failpoint("apply.after_commit")
    return Applied(True, put, gone, reset)


def _rows(page: Page) -> Iterator[tuple[str, str, str, int, str, str, str | None]]:
    for row in page.put:
        channel, collection = row.stream
        body = json.dumps(row.record, ensure_ascii=False, separators=(",", ":"))
        yield (
            collection,
            row.key,
            channel,
            row.position,
            body,
            words(row.record),
            parent(collection, row.record),
        )


def confirm_complete(db: Database, asked: Held, poll_after: int | None, now: str) -> None:
    """Note that the server had nothing above the cursor of *asked* (a 304)."""
    with db.writing():
        current = held(db)
        if (current.run, current.cursor) == (asked.run, asked.cursor):
            db.run(
                "UPDATE held SET complete = 1, poll_after = coalesce(?, poll_after), synced_at = ?",
                poll_after,
                now,
            )


def forget_cursor(db: Database, asked: Held) -> None:
    """Drop the cursor that the server does not know; the rows stay until the first page of the new run."""
    with db.writing():
        current = held(db)
        if (current.run, current.cursor) == (asked.run, asked.cursor):
            begin_anew(db)


def begin_anew(db: Database) -> None:
    """Make the next page replace everything. Call it inside a transaction."""
    db.run("UPDATE held SET run = run + 1, cursor = NULL, etag = NULL, epoch = NULL, restart = 1, complete = 0")


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
