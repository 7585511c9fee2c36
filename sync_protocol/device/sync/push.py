"""Push the outbox in batches that the server accepts, so that one bad document never blocks the others."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

from marshmallow import Schema, ValidationError

from sync_protocol.device.connection import Send
from sync_protocol.device.errors import ContractBroken, Offline, Problem
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.store import outbox
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.outbox import DueDocument
from sync_protocol.device.sync.report import SyncReport
from sync_protocol.limits import KIB, LIMITS
from sync_protocol.push import FaultSchema, PushReplySchema, ResultJson, ResultSchema

ENVELOPE_BYTES = 32 * KIB
"""Space reserved for the cursor and the JSON around the documents."""
ALONE_AFTER = 3
"""Failures after which a document is pushed alone: it may be the one on which the server crashes."""
GIVE_UP_AFTER = 3
"""Documents in a row that fail alone; then the server itself is at fault, and this sync stops pushing."""
SPLITS = (400, 413, 422)
"""Statuses that refuse a push as a whole; halving the batch finds the document that is the reason."""


def batches(documents: Sequence[DueDocument]) -> Iterator[list[DueDocument]]:
    """Yield the documents in batches within the limits of one push; one that failed often is a batch alone."""
    batch: list[DueDocument] = []
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


def json_array(documents: Sequence[DueDocument]) -> bytes:
    """Return the documents as a JSON array that contains their frozen bytes unchanged."""
    return b"[" + b",".join(document.frozen for document in documents) + b"]"


def store_results(db: Database, documents: Sequence[DueDocument], value: Any, report: SyncReport) -> None:
    """Store the results in *value*; raises `ContractBroken` unless there is one for each document, in order.

    *value* is the decoded list `results` of a push or sync reply.
    """
    try:
        results: list[ResultJson] = PushReplySchema().load({"results": _without_unknown(value)})["results"]
    except (ValidationError, TypeError) as error:
        raise ContractBroken(f"the reply to the push is not valid: {error}") from None
    if len(results) != len(documents):
        raise ContractBroken(f"{len(documents)} documents were pushed and {len(results)} results came back")
    for document, result in zip(documents, results, strict=True):
        if result["id"] not in (None, document.id):
            raise ContractBroken(f"the result for document {document.id} names {result['id']}")
    failpoint("push.before_results")
    outbox.store_results(db, documents, results)
    report.results.extend(results)


def _without_unknown(value: Any) -> Any:
    """Return the results, with their errors and warnings, without fields that a newer server added."""
    if not isinstance(value, list):
        return value
    results = [_only(result, ResultSchema) for result in value]
    for result in results:
        for name in ("errors", "warnings"):
            if isinstance(result, dict) and isinstance(result.get(name), list):
                result[name] = [_only(fault, FaultSchema) for fault in result[name]]
    return results


def _only(value: Any, schema: type[Schema]) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: inner for name, inner in value.items() if name in schema._declared_fields}


class Pusher:
    """Push batches, and halve those that the server refuses as a whole."""

    def __init__(self, db: Database, send: Send, report: SyncReport) -> None:
        self._db = db
        self._send = send
        self._report = report
        self._failed_alone = 0

    def push(self, documents: Sequence[DueDocument]) -> None:
        """Push *documents*; results so far stay stored if an error is raised."""
        outbox.record_attempt(self._db, documents)
        try:
            reply = self._send("POST", "/v1/push", content=b'{"submissions":' + json_array(documents) + b"}")
        except (Problem, Offline) as problem:
            self.handle_refusal(documents, problem)
            return
        self._failed_alone = 0
        results = reply.value.get("results") if isinstance(reply.value, dict) else None
        store_results(self._db, documents, results, self._report)

    def handle_refusal(self, documents: Sequence[DueDocument], problem: Problem | Offline) -> None:
        """Split a batch that was refused as a whole, or stop pushing its document; else raise *problem*."""
        if refuses_batch(problem):
            if len(documents) > 1:
                middle = len(documents) // 2
                self.push(documents[:middle])
                self.push(documents[middle:])
            else:
                self._stop_pushing(documents[0], problem)
            return
        if not may_have_crashed(problem):
            raise problem
        outbox.record_failure(self._db, documents)
        self._failed_alone += 1
        alone = len(documents) == 1 and documents[0].failures >= ALONE_AFTER
        if not alone or self._failed_alone >= GIVE_UP_AFTER:
            raise problem

    def _stop_pushing(self, document: DueDocument, problem: Problem) -> None:
        mark = outbox.TOO_LARGE if problem.status == 413 else outbox.REFUSED
        outbox.stop_pushing(self._db, document, mark, problem.code or str(problem.status), str(problem))
        self._report.notes.append(f"document {document.id} stays on this device: {problem}")


def refuses_batch(problem: Problem | Offline) -> TypeGuard[Problem]:
    """Say whether *problem* refuses a push as a whole; damage in transit says nothing about its documents."""
    return isinstance(problem, Problem) and problem.status in SPLITS and problem.code != "body_damaged"


def may_have_crashed(problem: Problem | Offline) -> bool:
    """Say whether the server may have crashed on the request, rather than being busy or unreachable."""
    if isinstance(problem, Offline):
        return problem.sent
    return problem.status in (500, 502, 504)
