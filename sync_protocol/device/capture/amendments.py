"""What a rep may still do about a document that was captured: take it back, edit it, or ask the office.

A document that never left the device is put aside here. About any other one a document of its own is captured,
which goes with the next sync and is answered for itself: the server alone knows whether it is too late.
"""

import datetime as dt
from typing import Any

from sync_protocol.device.capture import documents
from sync_protocol.device.capture.capture import capture, instant
from sync_protocol.device.capture.documents import Document, document
from sync_protocol.device.errors import DeviceError, NotFound
from sync_protocol.device.store import replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.receipts import ReceiptFolder
from sync_protocol.submission import REPLACEABLE, State


def withdraw(
    db: Database, files: ReceiptFolder, *, rep: str, id: str, reason: str | None, now: dt.datetime, zone: str
) -> Document:
    """Take back the document *id*; return the withdrawal, or the document itself where it never left.

    Raises `NotFound`, `DeviceError` if it is withdrawn already, and `CaptureRefused` (too_late) if it is known
    to be in the ERP.
    """
    found = _kept(db, id)
    if found is not None and (found.attempts == 0 or (found.state is None and found.errors)):
        documents.dismiss(db, id, instant(now))
        return document(db, id)
    if _state(db, id, found) is State.WITHDRAWN:
        raise DeviceError(f"document {id} is withdrawn already")
    body = {"submission_id": id, "reason": reason}
    return capture(db, files, rep=rep, kind="withdrawal", body=body, supersedes=id, now=now, zone=zone)


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
    """Ask the office to *action* (change or cancel) the document *id*, which the ERP has; return the request.

    Raises `NotFound`, and `DeviceError` where the rep can still withdraw or edit it.
    """
    found = _kept(db, id)
    state = _state(db, id, found)
    if state is None or state in REPLACEABLE - {State.PARKED}:
        raise DeviceError(f"document {id} has not been sent to the ERP: withdraw it, or amend it")
    body = {"submission_id": id, "action": action, "message": message}
    return capture(db, files, rep=rep, kind="change_request", body=body, now=now, zone=zone)


def editable_body(db: Database, id: str) -> tuple[str, dict[str, Any]]:
    """Return kind and body of the document *id*, for the rep to edit a copy. Raises `NotFound`."""
    found = _kept(db, id)
    if found is not None:
        return found.kind, found.body
    fate = _fate(db, id)
    return str(fate["kind"]), dict(fate["body"])


def _kept(db: Database, id: str) -> Document | None:
    """Return the document *id* of this device; None if another one captured it, or this one has let it go."""
    try:
        return document(db, id)
    except NotFound:
        return None


def _state(db: Database, id: str, found: Document | None) -> State | None:
    """Return where the document *id* stands, as far as this device knows."""
    state = found.state if found is not None else _fate(db, id)["state"]
    return State(state) if state in list(State) else None


def _fate(db: Database, id: str) -> dict[str, Any]:
    fate = replica.record(db, "submissions", id)
    if fate is None:
        raise NotFound(f"there is no document {id}")
    return fate
