"""The outbox as the rep sees it: each document with its state and a label for it."""

import json
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.change_request import CHANGE_REQUEST
from sync_protocol.catalogue.withdrawal import WITHDRAWAL
from sync_protocol.collection import TO_ERP
from sync_protocol.device.errors import DeviceError, NotFound
from sync_protocol.device.store import outbox
from sync_protocol.device.store.database import Database
from sync_protocol.document_reference import refers_to
from sync_protocol.errors import ErrorCode
from sync_protocol.fault_sentence import fault_sentence
from sync_protocol.push import Status
from sync_protocol.submission import Decision, State, title_in_state

ON_DEVICE = "on_device"
DISMISSED = "dismissed"

STATE_LABELS: dict[str, str] = {
    ON_DEVICE: "on this device; the next sync sends it",
    DISMISSED: "dismissed by you",
    outbox.SUSPICIOUS: "kept here: the server has another document under this id; tell the office",
    outbox.TOO_LARGE: "too large for the server; split it",
    outbox.REFUSED: "refused; correct it and capture it again",
    Status.QUARANTINED: "in quarantine; the office will look at it",
    State.RECEIVED: "on the server; it waits for a receipt, another document or a check",
    State.AWAITING_APPROVAL: "waiting for approval",
    State.QUEUED: "on the server; waiting for the ERP",
    State.SENDING: "being sent to the ERP",
    State.ACCEPTED: "in the ERP",
    State.HANDED_OVER: "handed over; the ERP has not confirmed it yet",
    State.ON_HOLD: "in the ERP; a person there has to decide",
    State.REJECTED: "rejected; correct it and capture it again",
    State.UNKNOWN: "sent to the ERP; it is not certain yet whether it arrived",
    State.PARKED: "waiting for the office",
    State.WITHDRAWN: "withdrawn",
    State.SUPERSEDED: "replaced by a newer one",
    State.CANCELLED: "cancelled",
}
_REFUSED = (State.REJECTED, outbox.REFUSED)


@dataclass(frozen=True)
class Document:
    """One document of the outbox, with what is known of its processing."""

    id: str
    kind: str
    title: str
    captured_at: str
    rep: str
    sha256: str
    stage: str
    """`on_device`, a mark, a push status or a state of the server: a key of `STATE_LABELS`."""
    errors: list[dict[str, str]]
    erp_number: str | None
    reason: str | None
    missing: list[str]
    """Receipts that are not on the server yet, as `sha256:…`."""
    attempts: int
    """Pushes that were begun."""
    state: str | None
    """The last known state on the server."""
    final_at: str | None
    """When the feed reported a final state, by the server's time."""
    supersedes: str | None
    """The document that its frozen bytes name in `supersedes`."""
    body: dict[str, Any]
    """Of the kind's schema."""

    decision: str | None = None
    """The office's decision."""
    warnings: list[dict[str, str]] = field(default_factory=list)
    """What the rep should know although it was accepted, as in `errors`: found at capture, or by the server."""

    @property
    def left_device(self) -> bool:
        """Whether the server may have accepted it: a push was begun, and was not refused with faults."""
        return self.attempts > 0 and not (self.state is None and bool(self.errors))

    @property
    def state_label(self) -> str:
        """Its state as a phrase for the rep."""
        label = _decision_label(self.decision) or STATE_LABELS.get(self.stage, self.stage)
        if self.decision == Decision.RETURNED and not _goes_to_erp(self.kind):
            label = "declined by the office"
        elif self.stage in _REFUSED and not self.decision:
            label = self._refused_label(label)
        if self.stage == State.ACCEPTED and not self.decision and not _goes_to_erp(self.kind):
            label = "done"
        if self.erp_number:
            head, semicolon, rest = label.partition(";")
            label = f"{head} as {self.erp_number}{semicolon}{rest}"
        return f"{label}: {self.reason}" if self.reason else label

    def _refused_label(self, label: str) -> str:
        """Return *label*, unless correcting and capturing it again would not help."""
        if self.kind == WITHDRAWAL.name:
            return "not withdrawn"
        if self.kind == CHANGE_REQUEST.name:
            return "request refused"
        too_late = any(error["code"] == ErrorCode.TOO_LATE.code for error in self.errors)
        return "not sent" if too_late else label

    @property
    def explanation(self) -> list[str]:
        """The faults as sentences, unless the reason in `state_label` says them already."""
        return [] if self.reason else [fault_sentence(e["field"], e["message"]) for e in self.errors]

    @property
    def needs_rep(self) -> bool:
        """Whether the rep must do something about it."""
        return self.stage in (outbox.SUSPICIOUS, outbox.TOO_LARGE, outbox.REFUSED, State.REJECTED)


_SELECT = """
SELECT d.*, r.body AS submission,
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


def title_of(db: Database, id: str) -> str:
    """Return the title of the document *id* of this or another device of the rep; its id if it is not known."""
    row = db.row(
        "SELECT title FROM document WHERE id = ? UNION ALL SELECT json_extract(body, '$.title') FROM record"
        " WHERE collection = 'submissions' AND key = ?", id, id,
    )  # fmt: skip
    return str(row["title"] if row and row["title"] else id)


def find_id(db: Database, text: str) -> str:
    """Return the id of the one document that *text* names; raises `NotFound`.

    *text* is an id, the beginning or the end of one, or an ERP number. Documents of the rep's other devices
    count too, if the replica has them.
    """
    known: dict[str, str | None] = {
        row["id"]: row["number"]
        for row in db.rows(
            "SELECT key AS id, json_extract(body, '$.erp_number') AS number FROM record"
            " WHERE collection = 'submissions'"
            " UNION ALL SELECT id, NULL FROM document WHERE id NOT IN"
            " (SELECT key FROM record WHERE collection = 'submissions')"
        )
    }
    if text.upper() in known:
        return text.upper()
    ids = sorted(id for id, number in known.items() if refers_to(text, id, number))
    if not ids:
        raise NotFound(f"there is no document {text}; `outbox` lists them")
    if len(ids) > 1:
        raise NotFound(f"{text} names more than one document: {', '.join(ids[:5])}{' …' if ids[5:] else ''}")
    return ids[0]


def _document(row: sqlite3.Row) -> Document:
    submission = json.loads(row["submission"]) if row["submission"] else {}
    return Document(
        id=row["id"], kind=row["kind"], title=title_in_state(row["title"], _stage(row)),
        captured_at=row["captured_at"], rep=row["rep"], sha256=row["sha256"], stage=_stage(row),
        errors=json.loads(row["errors"]),
        erp_number=submission.get("erp_number"), reason=submission.get("reason"),
        missing=json.loads(row["missing"]), attempts=row["attempts"], state=row["state"],
        final_at=row["final_at"], supersedes=row["supersedes"], body=json.loads(bytes(row["frozen"]))["body"],
        decision=_decision(row, submission), warnings=json.loads(row["warnings"]),
    )  # fmt: skip


def _goes_to_erp(kind: str) -> bool:
    declared = KINDS.get(kind)
    return declared is None or declared.destination == TO_ERP


def _decision_label(decision: str | None) -> str | None:
    """Return the label of *decision*; None if there is none, or if only a newer server knows it."""
    return Decision(decision).label if decision in set(Decision) else None


def _decision(row: sqlite3.Row, submission: dict[str, Any]) -> str | None:
    """Return the office's decision, unless this device has newer information than *submission*, its record."""
    return submission.get("decision") if _stage(row) == submission.get("state") else None


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
    """Dismiss a document that never left the device, or that the server refused: the ERP will not get it.

    *now* is an ISO 8601 instant. Raises `NotFound`, and `DeviceError` for other documents.
    """
    with db.writing():
        own = document(db, id)
        never_left = own.attempts == 0
        refused = own.needs_rep or own.stage == Status.QUARANTINED
        if not never_left and not refused:
            raise DeviceError(f"document {id} is {own.state_label}; ask the office to stop it")
        db.run("UPDATE document SET dismissed = 1, due = 0, mark = NULL, final_at = ? WHERE id = ?", now, id)


def retry_push(db: Database, id: str) -> None:
    """Push a document again that is no longer pushed; the server answers `duplicate` if it has it."""
    with db.writing():
        document(db, id)
        db.run("UPDATE document SET due = 1, mark = NULL, failures = 0, errors = '[]' WHERE id = ?", id)
