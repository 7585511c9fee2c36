"""The result of a run: compares what the screen said with what the phone and the server have.

It uses neither the app nor the server, because they are what is being tested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

FINDINGS = ("lost", "doubled", "differing", "incomplete", "overstated", "waiting")
"""The fields of a result that must be zero."""
NOT_IN_ERP = ("withdrawn", "superseded", "cancelled")
WITHDRAWAL = "withdrawal"


@dataclass(frozen=True)
class ServerDocument:
    """A document in the server's database.

    Attributes:
        mark: What the rep wrote on it; of a withdrawal, the id of the document.
        receipts: The sha256 that its body cites.
    """

    id: str
    kind: str
    mark: str
    state: str
    sha256: str
    receipts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PhoneDocument:
    """A document in the outbox, read without the app."""

    id: str
    mark: str
    sha256: str
    """Of its body, computed from the frozen bytes."""
    stage: str = ""


@dataclass(frozen=True)
class Evidence:
    """What is known about a run.

    Attributes:
        saved: Marks of the documents that the screen called saved, and of those whose draft was on the disk.
        attempted: Marks of all documents that the rep began.
        listed: Ids that the outbox on the screen has shown.
        withdrawn: Ids of the documents whose withdrawal the screen has confirmed.
        accepted: Ids that the screen calls accepted at the end.
        phone: The outbox at the end.
        server: The server's documents at the end.
        receipts: The sha256 of the receipts that the server has, computed from their bytes.
        erp: The mark of each document in the ERP, as often as it is there.
        waits: What the phone still waits for when the time is up.
    """

    saved: frozenset[str]
    attempted: frozenset[str]
    phone: Sequence[PhoneDocument]
    server: Sequence[ServerDocument]
    erp: Sequence[str] = ()
    listed: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    receipts: frozenset[str] = frozenset()
    waits: str = ""


@dataclass
class Result:
    """The result of a run with *faults* (their names)."""

    faults: list[str]
    saved: int = 0
    lost: int = 0
    """Documents that are neither in the outbox nor on the server."""
    doubled: int = 0
    """Documents that are there more than once, and documents that nobody captured."""
    differing: int = 0
    """Documents of which the phone and the server have different bytes, or a withdrawn one that was sent."""
    incomplete: int = 0
    """Documents without all their receipts."""
    overstated: int = 0
    """Documents that the screen calls accepted or sent and that are not."""
    waiting: int = 0
    """Whether the phone still waits for something when the time is up."""
    messages: list[str] = field(default_factory=list)
    """What is wrong, in sentences for a person."""

    def find(self, finding: str, message: str) -> None:
        """Count *finding*, with *message*."""
        setattr(self, finding, getattr(self, finding) + 1)
        self.messages.append(f"{finding}: {message}")


def compare(evidence: Evidence, result: Result) -> Result:
    """Count all findings in *result*; return it."""
    result.saved = len(evidence.saved)
    own = [document for document in evidence.server if document.kind != WITHDRAWAL]
    by_mark: dict[str, set[str]] = {mark: set() for mark in evidence.saved | evidence.attempted}
    for document in (*own, *evidence.phone):
        if document.mark in by_mark:
            by_mark[document.mark].add(document.id)
    for mark, ids in by_mark.items():
        if len(ids) > 1:
            result.find("doubled", f"{mark} has the ids {sorted(ids)}")
        elif not ids and mark in evidence.saved:
            result.find("lost", f"{mark} is neither on the phone nor on the server")
    for document in own:
        if document.mark not in by_mark:
            result.find("doubled", f"nobody captured {document}")
    _check_listed(evidence, result)
    _check_withdrawn(evidence, result)
    _check_contents(evidence, result)
    _check_erp(evidence, result)
    if evidence.waits:
        result.find("waiting", evidence.waits)
        return result
    # The badge says that everything is up to date.
    sent = {document.mark for document in own}
    for mark, ids in by_mark.items():
        if ids and mark not in sent:
            result.find(
                "overstated", f"{mark} is on the phone alone, and the badge says that nothing is missing"
            )
    return result


def _check_listed(evidence: Evidence, result: Result) -> None:
    known = {document.id for document in (*evidence.server, *evidence.phone)}
    for id in sorted(evidence.listed - known):
        result.find("lost", f"{id} was in the outbox on the screen")


def _check_withdrawn(evidence: Evidence, result: Result) -> None:
    by_id: Mapping[str, ServerDocument] = {document.id: document for document in evidence.server}
    for id in sorted(evidence.withdrawn):
        requests = [each for each in evidence.server if each.kind == WITHDRAWAL and each.mark == id]
        if len(requests) > 1:
            result.find("doubled", f"the withdrawal of {id} is {len(requests)} times on the server")
        if id in by_id and by_id[id].state != "withdrawn":
            result.find("differing", f"{id} was withdrawn and is {by_id[id].state}")


def _check_contents(evidence: Evidence, result: Result) -> None:
    on_server = {document.id: document for document in evidence.server}
    for document in evidence.phone:
        other = on_server.get(document.id)
        if other is not None and other.sha256 != document.sha256:
            result.find("differing", f"{document.id} has other bytes on the server than on the phone")
    for stored in evidence.server:
        if missing := stored.receipts - evidence.receipts:
            result.find("incomplete", f"{stored.id} ({stored.mark}) lacks the receipts {sorted(missing)}")
    for id in sorted(evidence.accepted):
        if id not in on_server or on_server[id].state != "accepted":
            result.find("overstated", f"the screen calls {id} accepted; the server has {on_server.get(id)}")


def _check_erp(evidence: Evidence, result: Result) -> None:
    for document in evidence.server:
        if document.kind == WITHDRAWAL:
            continue
        times = evidence.erp.count(document.mark)
        if times > 1:
            result.find("doubled", f"{document.mark} is {times} times in the ERP")
        elif times and document.state in NOT_IN_ERP:
            result.find("differing", f"{document.mark} is {document.state} and in the ERP")
        elif not times and document.state == "accepted" and document.kind == "order":
            result.find("overstated", f"{document.mark} is accepted and not in the ERP")
