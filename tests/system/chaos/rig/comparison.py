"""The result of a run: compares the phones' logs with the ERP's documents.

It uses neither servers nor our database, because they are what is being tested.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.system.chaos.rig.run_result import RunResult

DONE = {"order": ("confirmed", "processing", "done"), "expense_claim": ("posted", "paid")}
"""Kind → the ERP's states in which a document has arrived."""


@dataclass(frozen=True)
class ErpDocument:
    """A document in the ERP; *key* is our id if it carries one."""

    key: str | None
    kind: str
    state: str
    total: Decimal
    text: str = ""
    """What a person wrote on it."""


@dataclass(frozen=True)
class Captured:
    """A document as its phone logged it when it was captured: its total, and the mark in its text."""

    kind: str
    total: Decimal
    mark: str = ""


@dataclass(frozen=True)
class Evidence:
    """What is known about a run without asking what is being tested."""

    captured: Mapping[str, Captured]
    """The documents that all phones logged, by id."""
    acknowledged: frozenset[str]
    """Ids of the documents that a server acknowledged."""
    states: Mapping[str, str]
    """Id → the state of the document on its phone at the end. It includes documents that a phone captured just
    before it died, so that it could not log them."""
    erp_documents: Sequence[ErpDocument]
    """Every document that was created in the ERP during the run."""
    leaks: Sequence[str] = ()
    """Marks of other reps in responses to a phone."""
    waiting: Mapping[int, str] = field(default_factory=dict)
    """Number of each phone that has not converged when the time is up → its status."""

    @property
    def ids(self) -> list[str]:
        """The ids of all documents, sorted."""
        return sorted({*self.captured, *self.acknowledged, *self.states})


def compare(evidence: Evidence, result: RunResult) -> RunResult:
    """Count in *result* the captured and acknowledged documents and all findings; return it."""
    result.captured, result.acknowledged = (
        len({*evidence.captured, *evidence.states}),
        len(evidence.acknowledged),
    )
    by_id: dict[str, list[ErpDocument]] = {id: [] for id in evidence.ids}
    for document in evidence.erp_documents:
        id = _origin(document, evidence)
        if id is None:
            result.doubled += 1
            result.messages.append(f"nobody captured this: {document}")
        else:
            by_id[id].append(document)
    for id, documents in by_id.items():
        _compare_document(id, documents, evidence, result)
    for marker, count in Counter(evidence.leaks).items():
        result.leaked += 1
        result.messages.append(f"{marker} reached a phone of another rep, in {count} responses")
    for number, status in evidence.waiting.items():
        result.waiting += 1
        result.messages.append(f"phone {number} still waits: {status}")
    return result


def _origin(document: ErpDocument, evidence: Evidence) -> str | None:
    """Return the id of the captured document that became *document*, by key or else by the mark in its text."""
    if document.key in evidence.ids:
        return document.key
    marked = (
        id for id, captured in evidence.captured.items() if captured.mark and captured.mark in document.text
    )
    return next(marked, None)


def _compare_document(id: str, documents: Sequence[ErpDocument], evidence: Evidence, result: RunResult) -> None:
    state, captured = evidence.states.get(id), evidence.captured.get(id)
    if not documents:
        result.lost += 1
        result.messages.append(f"{id} ({state}) is not in the ERP")
        return
    if len(documents) > 1:
        result.doubled += 1
        result.messages.append(f"{id} is {len(documents)} times in the ERP: {documents}")
        return
    differences = []
    (document,) = documents
    if document.state not in DONE[document.kind]:
        differences.append(f"it is half done: {document}")
    if state != "accepted":
        differences.append(f"the phone calls it {state}: {document}")
    if captured is not None and captured.total != document.total:
        differences.append(f"it was {captured} and came to {document.total}")
    result.differing += bool(differences)
    result.messages += [f"{id}: {difference}" for difference in differences]
