"""Pushing the outbox in batches that the server takes, so that one bad document never blocks the others."""

from collections.abc import Iterator, Sequence
from typing import Any

from marshmallow import Schema, ValidationError

from sync_protocol.device.errors import ContractBroken, Offline, Problem
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.store import outbox
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.outbox import Due
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.device.sync.uploads import Send
from sync_protocol.limits import KIB, LIMITS
from sync_protocol.push import FaultSchema, PushReplySchema, ResultSchema

ENVELOPE_BYTES = 32 * KIB
"""Room for the cursor and the brackets around the documents."""
ALONE_AFTER = 3
"""Failures after which a document travels alone: it may be the one the server falls over."""
GIVE_UP_AFTER = 3
"""Documents in a row that fail alone, before this sync takes the server to be ill."""
SPLITS = (400, 413, 422)
"""A push is refused whole with these; halving it finds the document that is the reason."""


def batches(documents: Sequence[Due]) -> Iterator[list[Due]]:
    """Yield the documents in batches within the limits of one push; one that failed often comes alone."""
    batch: list[Due] = []
    size = ENVELOPE_BYTES
    for document in documents:
        alone = document.failures >= ALONE_AFTER
        full = len(batch) == LIMITS.push_submissions or size + len(document.frozen) + 1 > LIMITS.push_bytes
        if batch and (full or alone):
            yield batch
            batch, size = [], ENVELOPE_BYTES
        batch.append(document)
        size += len(document.frozen) + 1
        if alone:
            yield batch
            batch, size = [], ENVELOPE_BYTES
    if batch:
        yield batch


def spliced(documents: Sequence[Due]) -> bytes:
    """Return the JSON array of the documents, from their frozen bytes as they are."""
    return b"[" + b",".join(document.frozen for document in documents) + b"]"


def take_results(db: Database, documents: Sequence[Due], value: Any, report: SyncReport) -> None:
    """Store the results in *value*; raises `ContractBroken` if they are not one for each document."""
    try:
        results: list[dict[str, Any]] = PushReplySchema().load({"results": _known(value)})["results"]
    except (ValidationError, TypeError) as error:
        raise ContractBroken(f"the push's answer is not one: {error}") from None
    if len(results) != len(documents):
        raise ContractBroken(f"{len(documents)} documents were pushed and {len(results)} answered")
    for document, result in zip(documents, results, strict=True):
        if result["id"] not in (None, document.id):
            raise ContractBroken(f"document {document.id} was answered as {result['id']}")
    failpoint("push.before_results")
    outbox.note_results(db, documents, results)
    report.results.extend(results)


def _known(value: Any) -> Any:
    """Return the results without fields that a newer server added."""
    if not isinstance(value, list):
        return value
    results = [_only(result, ResultSchema) for result in value]
    for result in results:
        if isinstance(result, dict) and isinstance(result.get("errors"), list):
            result["errors"] = [_only(fault, FaultSchema) for fault in result["errors"]]
    return results


def _only(value: Any, schema: type[Schema]) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: inner for name, inner in value.items() if name in schema._declared_fields}


class Pusher:
    """Pushes batches, halving those that are refused whole."""

    def __init__(self, db: Database, send: Send, report: SyncReport) -> None:
        self._db = db
        self._send = send
        self._report = report
        self._failed_alone = 0

    def push(self, documents: Sequence[Due]) -> None:
        """Push *documents*; raises what stopped it, with everything answered so far stored."""
        outbox.attempting(self._db, documents)
        try:
            reply = self._send("POST", "/v1/push", content=b'{"submissions":' + spliced(documents) + b"}")
        except (Problem, Offline) as problem:
            self.refused(documents, problem)
            return
        self._failed_alone = 0
        results = reply.value.get("results") if isinstance(reply.value, dict) else None
        take_results(self._db, documents, results, self._report)

    def refused(self, documents: Sequence[Due], problem: Problem | Offline) -> None:
        """Do what can be done about a push of *documents* that was refused whole; else raise *problem*."""
        if isinstance(problem, Problem) and problem.status in SPLITS and problem.code != "body_damaged":
            if len(documents) > 1:
                middle = len(documents) // 2
                self.push(documents[:middle])
                self.push(documents[middle:])
            else:
                self._hold_back(documents[0], problem)
            return
        if not fell_over(problem):
            raise problem
        outbox.failed(self._db, documents)
        self._failed_alone += 1
        alone = len(documents) == 1 and documents[0].failures >= ALONE_AFTER
        if not alone or self._failed_alone >= GIVE_UP_AFTER:
            raise problem

    def _hold_back(self, document: Due, problem: Problem) -> None:
        mark = outbox.TOO_LARGE if problem.status == 413 else outbox.REFUSED
        outbox.hold_back(self._db, document, mark, problem.code or str(problem.status), problem.detail)
        self._report.notes.append(f"document {document.id} is kept on this device: {problem.detail}")


def fell_over(problem: Problem | Offline) -> bool:
    """Say whether the server may have fallen over what was sent, rather than being busy or away."""
    if isinstance(problem, Offline):
        return problem.sent
    return problem.status in (500, 502, 504)
