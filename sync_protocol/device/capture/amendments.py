"""What a rep may still do with a captured document: withdraw it, edit it, or ask the office to change it.

A document that never left the device is dismissed here. For any other one, a document of its own (a withdrawal,
an edited copy, a change request) is captured; the next sync sends it, and it gets its own result. Only the
server knows whether it is too late.
"""

import datetime as dt
from typing import Any

from sync_protocol.catalogue.change_request import CHANGE_REQUEST
from sync_protocol.catalogue.withdrawal import WITHDRAWAL
from sync_protocol.device.capture import documents
from sync_protocol.device.capture.capture import capture, instant
from sync_protocol.device.capture.documents import Document, document, title_of
from sync_protocol.device.errors import DeviceError, NotFound
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.receipts import ReceiptFolder
from sync_protocol.json_types import NewBody
from sync_protocol.submission import REPLACEABLE, State


def withdraw(
    db: Database, files: ReceiptFolder, *, rep: str, id: str, reason: str | None, now: dt.datetime, zone: str
) -> Document:
    """Withdraw the document *id*; return the withdrawal, or the document itself if it never left the device.

    Raises `NotFound`, `DeviceError` if it has been withdrawn already, and `CaptureRefused` (too_late) if it is
    known to be in the ERP.
    """
    own = _own_document(db, id)
    if own is not None and not own.left_device:
        documents.dismiss(db, id, instant(now))
        return document(db, id)
    if _state(db, id, own) is State.WITHDRAWN:
        raise DeviceError(f"{title_of(db, id)} has been withdrawn already")
    body = {"submission_id": id, "reason": reason}
    return capture(db, files, rep=rep, kind=WITHDRAWAL.name, body=body, supersedes=id, now=now, zone=zone)


def request_change(
    db: Database,
    files: ReceiptFolder,
    *,
    rep: str,
    id: str,
    action: str,
    message: str,
    now: dt.datetime,
    zone: str,
) -> Document:
    """Ask the office to change or cancel (*action*) the document *id* in the ERP; return the change request.

    Raises `NotFound`, and `DeviceError` if the rep can still withdraw or edit the document.
    """
    state = _state(db, id, _own_document(db, id))
    if state is None or state in REPLACEABLE - {State.PARKED}:
        raise DeviceError(f"{title_of(db, id)} has not been sent to the ERP: withdraw it, or amend it")
    body = {"submission_id": id, "action": action, "message": message}
    return capture(db, files, rep=rep, kind=CHANGE_REQUEST.name, body=body, now=now, zone=zone)


def editable_body(db: Database, id: str) -> tuple[str, NewBody]:
    """Return kind and body of the document *id*, for the rep to edit a copy; raises `NotFound`."""
    own = _own_document(db, id)
    if own is not None:
        return own.kind, own.body
    submission = _submission(db, id)
    return str(submission["kind"]), dict(submission["body"])


def _own_document(db: Database, id: str) -> Document | None:
    """Return the document *id* of the outbox; None if another device captured it or it was deleted here."""
    try:
        return document(db, id)
    except NotFound:
        return None


def _state(db: Database, id: str, own: Document | None) -> State | None:
    """Return the last known state of the document *id* on the server, or None."""
    state = own.state if own is not None else _submission(db, id)["state"]
    return State(state) if state in list(State) else None


def _submission(db: Database, id: str) -> dict[str, Any]:
    record = replica.record(db, "submissions", id)
    if record is None:
        raise NotFound(f"there is no document {id}")
    return record
