"""Verification: find the rows in which the replica differs from the server, and replace them.

It narrows down from all rows to streams, from a stream to key ranges, from a small range to rows. Each request
carries the cursor, and an answer is applied only by a device that still has that cursor.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from marshmallow import ValidationError

from sync_protocol import SCHEMA_REVISION
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.device import APP_VERSION
from sync_protocol.device.connection import Send
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.page import PutRow, read_checksum, read_put, read_stream
from sync_protocol.device.store import checks, outbox, replica, rows
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.replica import Applied, SyncState
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange
from sync_protocol.verify import VerifyReplySchema

MAX_REQUESTS = 1_000
"""Requests in one round; a server that needs more is wrong."""

Part = tuple[Stream, KeyRange]


class Outcome(Enum):
    """The outcome of a verification round."""

    EQUAL = "equal"
    REPAIRED = "repaired"
    """Something differed and was replaced; compare again."""
    PULL = "pull"
    """Pull before the next comparison: the server has moved on, or streams start again."""


@dataclass(frozen=True)
class Repairs:
    """What one answer of the server changes in the replica.

    *drop*: streams whose rows are deleted. *cursor*: replaces the stored cursor, unless it is None. *put*: rows
    that replace others of any position. *gone*: (stream, key) of rows to delete.
    """

    drop: Sequence[Stream] = ()
    cursor: str | None = None
    put: Sequence[PutRow] = ()
    gone: Sequence[tuple[Stream, str]] = ()


def apply_repairs(db: Database, repairs: Repairs, expected: SyncState) -> Applied:
    """Apply *repairs* in one transaction, if the replica is still at *expected*."""
    with db.writing():
        if not replica.still_at(db, expected):
            return Applied(False)
        for stream in repairs.drop:
            replica.drop_stream(db, stream)
        failpoint("repair.after_drop")
        gone = db.run_many(
            "DELETE FROM record WHERE channel = ? AND collection = ? AND key = ?",
            [(*stream, key) for stream, key in repairs.gone],
        )
        failpoint("repair.after_deletes")
        put = db.run_many(rows.OVERRIDE, [rows.row_of(row) for row in repairs.put])
        submissions = [row.key for row in repairs.put if row.stream[1] == "submissions"]
        outbox.update_states(db, expected.server_time or "", submissions)
        db.run("UPDATE sync_state SET verified = 0")
        if repairs.cursor is not None:
            db.run(
                "UPDATE sync_state SET cursor = ?, etag = NULL, complete = 0, check_count = NULL,"
                " check_sum = NULL",
                repairs.cursor,
            )
        failpoint("repair.before_commit")
    failpoint("repair.after_commit")
    return Applied(True, put, gone)


@dataclass
class _Queue:
    """Parts that differ and have not been sent to the server yet."""

    split: list[Part] = field(default_factory=list)
    rows: list[Part] = field(default_factory=list)

    def take(self) -> tuple[list[Part], list[Part]]:
        """Remove and return as many parts as one request may contain: (to split, to compare row by row)."""
        most = LIMITS.verify_ranges
        split, self.split = self.split[:most], self.split[most:]
        rows, self.rows = self.rows[:most], self.rows[most:]
        return split, rows


class Verifier:
    """Ask the server where the replica differs, and apply its answers."""

    def __init__(self, db: Database, send: Send, report: SyncReport) -> None:
        self._db = db
        self._send = send
        self._report = report

    def run_round(self) -> Outcome:
        """Compare everything once and repair what differs.

        Repairs made so far stay if the connection breaks in the middle. Raises `ContractBroken` if the replica
        has more streams than one request may name, or if the server's reply breaks the protocol.
        """
        state = replica.sync_state(self._db)
        sums = checks.of_streams(self._db)
        if len(sums) > LIMITS.verify_streams:
            raise ContractBroken(f"the replica has {len(sums):,} streams, more than can be compared")
        request: dict[str, Any] = {"sums": [_stream(stream) | sum.as_wire() for stream, sum in sums.items()]}
        queue, outcome = _Queue(), Outcome.EQUAL
        split: list[Part] = []
        for _ in range(MAX_REQUESTS):
            answer = self._request(state, request)
            if answer["pull_first"] or answer["cursor"] is not None:
                outcome = Outcome.PULL
            elif outcome == Outcome.EQUAL and (answer["drop"] or answer["ranges"] or answer["repairs"]):
                outcome = Outcome.REPAIRED
            if not self._apply(state, answer):
                return Outcome.PULL
            state = replica.sync_state(self._db)
            self._compare(answer["ranges"], queue, split)
            split, rows = queue.take()
            if not split and not rows:
                return outcome
            request = {
                "split": [_range(part) for part in split],
                "rows": [_range(part) | {"rows": checks.row_hashes(self._db, *part)} for part in rows],
            }
        raise ContractBroken("the server reports differences without end")

    def _request(self, state: SyncState, request: dict[str, Any]) -> dict[str, Any]:
        """Send *request* (`VerifyRequestSchema` without the cursor); return the loaded `VerifyReplySchema`."""
        envelope = {"cursor": state.cursor, "schema": SCHEMA_REVISION, "app_version": APP_VERSION} | request
        reply = self._send("POST", "/v1/verify", content=json.dumps(envelope, ensure_ascii=False).encode())
        try:
            answer: dict[str, Any] = VerifyReplySchema().load(reply.value)
        except (ValidationError, TypeError) as error:
            raise ContractBroken(f"the reply to the verification is not valid: {error}") from None
        if answer["epoch"] != state.epoch:
            raise ContractBroken("the reply to the verification has another epoch than the cursor")
        return answer

    def _apply(self, state: SyncState, answer: dict[str, Any]) -> bool:
        by_stream = [(_key(repair), repair) for repair in answer["repairs"]]
        repairs = Repairs(
            drop=[read_stream(pair) for pair in answer["drop"]],
            cursor=answer["cursor"],
            put=[read_put(stream, entry) for stream, repair in by_stream for entry in repair["put"]],
            gone=[(stream, key) for stream, repair in by_stream for key in repair["gone"]],
        )
        if not (repairs.drop or repairs.cursor or repairs.put or repairs.gone):
            return replica.still_at(self._db, state)
        result = apply_repairs(self._db, repairs, state)
        self._report.repaired += result.put
        self._report.removed += result.gone
        return result.applied

    def _compare(self, ranges: list[dict[str, Any]], queue: _Queue, split: list[Part]) -> None:
        """Queue those of *ranges* in which the replica differs; small ones are compared row by row.

        *ranges* are loaded `RangeSumSchema`. *split* are the parts that the server was asked to split.
        """
        for server_range in ranges:
            part = _key(server_range), KeyRange(server_range["from_"], server_range["to"])
            if part in split:
                raise ContractBroken("the server did not split a key range as requested")
            server_sum = read_checksum(server_range) or Checksum()
            if checks.of_range(self._db, *part) == server_sum:
                continue
            if server_sum.count > LIMITS.verify_rows:
                queue.split.append(part)
            else:
                queue.rows += self._pieces(part)

    def _pieces(self, part: Part) -> list[Part]:
        """Cut *part* at the device's keys, so that each piece has at most `verify_rows` rows of the device."""
        stream, range = part
        keys = [key for key, _ in checks.row_hashes(self._db, *part)][LIMITS.verify_rows :: LIMITS.verify_rows]
        starts = [range.start, *keys]
        ends = [*keys, range.end]
        return [(stream, KeyRange(start, end)) for start, end in zip(starts, ends, strict=True)]


def _key(loaded: dict[str, Any]) -> Stream:
    return loaded["channel"], loaded["collection"]


def _stream(stream: Stream) -> dict[str, Any]:
    return {"channel": stream[0], "collection": stream[1]}


def _range(part: Part) -> dict[str, Any]:
    stream, range = part
    return _stream(stream) | {"from": range.start, "to": range.end}
