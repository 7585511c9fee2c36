"""Verification: where the replica is not what the server says, the rows that differ are found and replaced.

From all to streams, from a stream to key ranges, from a small range to rows; each question carries the
cursor, and each answer is applied only by a device that still holds it.
"""

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from marshmallow import ValidationError

from sync_protocol import SCHEMA_REVISION
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum
from sync_protocol.device import APP_VERSION
from sync_protocol.device.errors import ContractBroken
from sync_protocol.device.page import read_checksum, read_put, read_stream
from sync_protocol.device.store import checks, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.replica import SyncState
from sync_protocol.device.sync import repairs
from sync_protocol.device.sync.repairs import Findings
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.device.sync.uploads import Send
from sync_protocol.limits import LIMITS
from sync_protocol.segment import KeyRange
from sync_protocol.verify import VerifyReplySchema

MAX_QUESTIONS = 1_000
"""In one round; a server that leads on further than this is not telling the truth."""

Part = tuple[Stream, KeyRange]


class Outcome(Enum):
    """What a round of verification came to."""

    EQUAL = "equal"
    REPAIRED = "repaired"
    """Something differed and was replaced; compare again."""
    PULL = "pull"
    """Something has to be pulled, before or after the repair."""


@dataclass
class _Open:
    """Parts that differ and are still to be asked about."""

    split: list[Part] = field(default_factory=list)
    rows: list[Part] = field(default_factory=list)

    def take(self) -> tuple[list[Part], list[Part]]:
        """Return, and forget, as many as one question may hold."""
        most = LIMITS.verify_ranges
        split, self.split = self.split[:most], self.split[most:]
        rows, self.rows = self.rows[:most], self.rows[most:]
        return split, rows


class Verifier:
    """Asks the server where the replica differs, and applies what it answers."""

    def __init__(self, db: Database, send: Send, report: SyncReport) -> None:
        self._db = db
        self._send = send
        self._report = report

    def round(self) -> Outcome:
        """Compare everything once and repair what differs.

        What was repaired stays repaired if the line breaks in the middle.
        """
        asked = replica.sync_state(self._db)
        sums = checks.of_streams(self._db)
        if len(sums) > LIMITS.verify_streams:
            raise ContractBroken(f"the replica has {len(sums):,} streams, more than can be compared")
        question: dict[str, Any] = {"sums": [_stream(stream) | sum.as_wire() for stream, sum in sums.items()]}
        open_, outcome = _Open(), Outcome.EQUAL
        split: list[Part] = []
        for _ in range(MAX_QUESTIONS):
            answer = self._ask(asked, question)
            if answer["pull_first"] or answer["cursor"] is not None:
                outcome = Outcome.PULL
            elif outcome == Outcome.EQUAL and (answer["drop"] or answer["ranges"] or answer["repairs"]):
                outcome = Outcome.REPAIRED
            if not self._apply(asked, answer):
                return Outcome.PULL
            asked = replica.sync_state(self._db)
            self._compare(answer["ranges"], open_, split)
            split, rows = open_.take()
            if not split and not rows:
                return outcome
            question = {
                "split": [_range(part) for part in split],
                "rows": [_range(part) | {"rows": checks.hashes_in(self._db, *part)} for part in rows],
            }
        raise ContractBroken("the server finds differences without end")

    def _ask(self, asked: SyncState, question: dict[str, Any]) -> dict[str, Any]:
        envelope = {"cursor": asked.cursor, "schema": SCHEMA_REVISION, "app_version": APP_VERSION} | question
        reply = self._send("POST", "/v1/verify", content=json.dumps(envelope, ensure_ascii=False).encode())
        try:
            answer: dict[str, Any] = VerifyReplySchema().load(reply.value)
        except (ValidationError, TypeError) as error:
            raise ContractBroken(f"the verification's answer is not one: {error}") from None
        if answer["epoch"] != asked.epoch:
            raise ContractBroken("the verification's answer is of another epoch than the cursor")
        return answer

    def _apply(self, asked: SyncState, answer: dict[str, Any]) -> bool:
        repaired = [(_key(repair), repair) for repair in answer["repairs"]]
        findings = Findings(
            drop=[read_stream(pair) for pair in answer["drop"]],
            cursor=answer["cursor"],
            put=[read_put(stream, entry) for stream, repair in repaired for entry in repair["put"]],
            gone=[(stream, key) for stream, repair in repaired for key in repair["gone"]],
        )
        if not (findings.drop or findings.cursor or findings.put or findings.gone):
            return replica.still_at(self._db, asked)
        done = repairs.apply(self._db, findings, asked)
        self._report.repaired += done.put
        self._report.removed += done.gone
        return done.applied

    def _compare(self, ranges: list[dict[str, Any]], open_: _Open, asked: list[Part]) -> None:
        """Keep those of *ranges* in which the replica differs; where the server has few, to be sent row by row.

        *asked* are the parts that were to be split.
        """
        for theirs in ranges:
            part = _key(theirs), KeyRange(theirs["from_"], theirs["to"])
            if part in asked:
                raise ContractBroken("the server does not split a key range that was to be split")
            mine, wanted = checks.of_range(self._db, *part), read_checksum(theirs) or Checksum()
            if mine == wanted:
                continue
            if wanted.count > LIMITS.verify_rows:
                open_.split.append(part)
            else:
                open_.rows += self._pieces(part)

    def _pieces(self, part: Part) -> list[Part]:
        """Cut *part* where this device has more rows than a question may hold of a range."""
        stream, range = part
        keys = [key for key, _ in checks.hashes_in(self._db, *part)][LIMITS.verify_rows :: LIMITS.verify_rows]
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
