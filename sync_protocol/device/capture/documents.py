"""The outbox as the rep sees it: each document with where it stands, in words."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from sync_protocol.catalogue import KINDS
from sync_protocol.collection import TO_ERP
from sync_protocol.device.errors import DeviceError, NotFound
from sync_protocol.device.store import outbox
from sync_protocol.device.store.database import Database
from sync_protocol.push import Status
from sync_protocol.submission import Decision, State

ON_DEVICE = "on_device"
DISMISSED = "dismissed"

STATE_LABELS: dict[str, str] = {
    ON_DEVICE: "on this device; the next sync sends it",
    DISMISSED: "put aside by you",
    outbox.SUSPICIOUS: "kept here: the server answered for another content; tell the office",
    outbox.TOO_LARGE: "too large for the server; split it",
    outbox.REFUSED: "refused; correct it and capture it again",
    Status.QUARANTINED: "kept apart by the office, which will look at it",
    State.RECEIVED: "on the server; something it needs is not there yet",
    State.AWAITING_APPROVAL: "waiting for approval",
    State.QUEUED: "on the server; waiting for the ERP",
    State.SENDING: "on its way into the ERP",
    State.ACCEPTED: "in the ERP",
    State.HANDED_OVER: "handed over; the ERP has not confirmed it yet",
    State.ON_HOLD: "in the ERP, where a person decides",
    State.REJECTED: "rejected; correct it and capture it again",
    State.UNKNOWN: "sent to the ERP; the office is making sure that it arrived",
    State.PARKED: "the office is looking at it",
    State.WITHDRAWN: "withdrawn",
    State.SUPERSEDED: "replaced by a newer one",
    State.CANCELLED: "cancelled",
}


@dataclass(frozen=True)
class Document:
    """One document of the outbox and its fate so far."""

    id: str
    kind: str
    title: str
    captured_at: str
    rep: str
    sha256: str
    stage: str
    """`on_device`, a mark, a push status or a state of the server: a key of `WORDS`."""
    errors: list[dict[str, str]]
    erp_number: str | None
    reason: str | None
    missing: list[str]
    """Receipts that are not on the server yet, as `sha256:…`."""
    attempts: int
    state: str | None
    final_at: str | None
    supersedes: str | None
    """The document that its frozen bytes name as replaced."""
    body: dict[str, Any]

    decision: str | None = None
    """What the office has decided on it."""

    @property
    def state_label(self) -> str:
        """Where it stands, for the rep."""
        label = _decision_label(self.decision) or STATE_LABELS.get(self.stage, self.stage)
        if self.stage == State.ACCEPTED and not self.decision and not _for_the_erp(self.kind):
            label = "done"
        if self.erp_number:
            label += f" as {self.erp_number}"
        return f"{label}: {self.reason}" if self.reason else label

    @property
    def needs_rep(self) -> bool:
        """Whether the rep must do something about it."""
        return self.stage in (outbox.SUSPICIOUS, outbox.TOO_LARGE, outbox.REFUSED, State.REJECTED)


_SELECT = """
SELECT d.*, r.body AS fate,
    (SELECT json_group_array('sha256:' || n.sha256) FROM document_receipt n JOIN receipt f USING (sha256)
     WHERE n.document = d.id AND NOT f.uploaded) AS missing
FROM document d LEFT JOIN record r ON r.collection = 'submissions' AND r.key = d.id
"""


def documents(db: Database) -> list[Document]:
    """Return the whole outbox, oldest first."""
    return [_document(row) for row in db.rows(f"{_SELECT} ORDER BY d.seq")]


def document(db: Database, id: str) -> Document:
    """Return one document; raises `NotFound`."""
    row = db.row(f"{_SELECT} WHERE d.id = ?", id)
    if row is None:
        raise NotFound(f"there is no document {id} in the outbox")
    return _document(row)


def _document(row: sqlite3.Row) -> Document:
    fate = json.loads(row["fate"]) if row["fate"] else {}
    return Document(
        id=row["id"], kind=row["kind"], title=row["title"], captured_at=row["captured_at"],
        rep=row["rep"], sha256=row["sha256"], stage=_stage(row), errors=json.loads(row["errors"]),
        erp_number=fate.get("erp_number"), reason=fate.get("reason"), missing=json.loads(row["missing"]),
        attempts=row["attempts"], state=row["state"], final_at=row["final_at"], supersedes=row["supersedes"],
        body=json.loads(bytes(row["frozen"]))["body"], decision=_decision(row, fate),
    )  # fmt: skip


def _for_the_erp(kind: str) -> bool:
    declared = KINDS.get(kind)
    return declared is None or declared.destination == TO_ERP


def _decision_label(decision: str | None) -> str | None:
    """Return the label of *decision*; None if there is none, or it is one of a newer server."""
    return Decision(decision).label if decision in set(Decision) else None


def _decision(row: sqlite3.Row, fate: dict[str, Any]) -> str | None:
    """Return what the office has decided, unless this device knows better how the document stands."""
    return fate.get("decision") if _stage(row) == fate.get("state") else None


def _stage(row: sqlite3.Row) -> str:
    if row["dismissed"]:
        return DISMISSED
    if row["mark"]:
        return str(row["mark"])
    if row["due"]:
        return ON_DEVICE
    if row["state"]:
        return str(row["state"])
    return str(row["status"] or ON_DEVICE)


def dismiss(db: Database, id: str, now: str) -> None:
    """Put a document aside that the rep no longer wants and the ERP will not get.

    That is one that never left the device, or that the server refused. Raises `DeviceError` for others.
    """
    with db.writing():
        found = document(db, id)
        never_left = found.attempts == 0
        refused = found.needs_rep or found.stage == Status.QUARANTINED
        if not never_left and not refused:
            raise DeviceError(f"document {id} is {found.state_label}; ask the office to stop it")
        db.run("UPDATE document SET dismissed = 1, due = 0, mark = NULL, final_at = ? WHERE id = ?", now, id)


def retry_push(db: Database, id: str) -> None:
    """Push a document again that was held back; the server answers `duplicate` if it has it."""
    with db.writing():
        document(db, id)
        db.run("UPDATE document SET due = 1, mark = NULL, failures = 0, errors = '[]' WHERE id = ?", id)
