"""Capture: check what the rep typed, and freeze it as a document in the outbox, in one transaction."""

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError
from ulid import ULID

from sync_protocol import SCHEMA_REVISION
from sync_protocol.canonical import NotCanonical, canonical, digest
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import CheckContext
from sync_protocol.device.capture.documents import Document, document
from sync_protocol.device.errors import CaptureRefused, NotFound
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.store import outbox, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.receipts import ReceiptFile, ReceiptFolder
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.limits import LIMITS
from sync_protocol.submission import REPLACEABLE, State, SubmissionSchema

_REF = re.compile(r"sha256:[0-9a-f]{64}")


def capture(
    db: Database,
    files: ReceiptFolder,
    *,
    rep: str,
    kind: str,
    body: Mapping[str, Any],
    receipts: Sequence[ReceiptFile] = (),
    supersedes: str | None = None,
    depends_on: Sequence[str] = (),
    now: dt.datetime,
    zone: str,
) -> Document:
    """Store a document durably and return it; raises `CaptureRefused` with all faults, and then stores nothing.

    Args:
        db: The device's database.
        files: The folder of the receipts.
        rep: The rep who captures.
        kind: A kind of the catalogue.
        body: The body, of the kind's schema. It is checked as the server will check it, against the replica.
        receipts: The receipts that *body* cites and that are not on this device yet.
        supersedes: A document that this one replaces. If that one never left the device it is dismissed at
            once, and this one replaces the document that it was to replace.
        depends_on: Documents that must be in the ERP before this one.
        now: The time of the capture.
        zone: IANA name of the rep's time zone.
    """
    declared = KINDS.get(kind)
    if declared is None:
        raise CaptureRefused([Fault(ErrorCode.UNKNOWN_KIND, "kind", f"this app does not know the kind {kind}")])
    with db.writing():
        needs = sorted({*cited_receipts(body), *(file.ref for file in receipts)})
        available = files.references(db) | {file.ref for file in receipts}
        faults = [
            Fault(ErrorCode.RECEIPT_REQUIRED, "needs", f"{reference} is not on this device; add its file")
            for reference in needs
            if reference not in available
        ]
        context = CheckContext(
            now.astimezone(zone_info(zone)).date(),
            lambda collection, key: replica.record(db, collection, key),
            frozenset(needs),
        )
        faults += _form_faults(body) or declared.faults(dict(body), context)
        superseded, dismissed = _resolve_superseded(db, supersedes, faults)
        if faults:
            raise CaptureRefused(faults)
        submission = {
            "id": str(ULID()),
            "kind": kind,
            "captured_at": instant(now),
            "zone": zone,
            "schema": SCHEMA_REVISION,
            "body": dict(body),
            "sha256": digest(body),
            "needs": needs,
            "depends_on": list(depends_on),
            "supersedes": superseded,
        }
        _check_envelope(submission)
        # Inside the transaction, so that no sweep deletes the files before their rows are inserted.
        files.write(receipts)
        files.insert_rows(db, receipts)
        outbox.add(db, submission, rep, declared.title(body))
        db.run_many(
            "UPDATE document SET dismissed = 1, due = 0, final_at = ? WHERE id = ?",
            [(instant(now), id) for id in dismissed],
        )
        failpoint("capture.before_commit")
    failpoint("capture.after_commit")
    return document(db, str(submission["id"]))


def _form_faults(body: Mapping[str, Any]) -> list[Fault]:
    try:
        size = len(canonical(body))
    except NotCanonical as error:
        return [Fault(ErrorCode.NOT_CANONICAL, error.path, error.reason)]
    if size > LIMITS.submission_bytes:
        return [
            Fault(
                ErrorCode.SUBMISSION_TOO_LARGE,
                "",
                f"has {size:,} bytes; at most {LIMITS.submission_bytes:,} are allowed",
            )
        ]
    return []


def _resolve_superseded(
    db: Database, supersedes: str | None, faults: list[Fault]
) -> tuple[str | None, list[str]]:
    """Return the id to name in `supersedes`, or None, and the ids of documents to dismiss; may add to *faults*.

    A document that the server never accepted cannot be named. It is dismissed, and the document that it was to
    replace is named in its place: the server may execute that one.
    """
    dismissed: list[str] = []
    id = supersedes
    while id is not None:
        try:
            own = document(db, id)
        except NotFound:
            record = replica.record(db, "submissions", id)
            if record is None and id == supersedes:
                message = f"there is no document {id} to replace"
                faults.append(Fault(ErrorCode.UNKNOWN_RECORD, "supersedes", message))
                return None, []
            # Name an ancestor that this device has deleted: the server knows its state.
            state = record["state"] if record else None
        else:
            if not own.left_device:
                dismissed.append(id)
                id = own.supersedes
                continue
            state = own.state
        if state is not None and State(state) not in REPLACEABLE:
            message = f"document {id} is {state}; ask the office to change it"
            faults.append(Fault(ErrorCode.TOO_LATE, "supersedes", message))
        break
    return id, dismissed


def _check_envelope(submission: Mapping[str, Any]) -> None:
    try:
        SubmissionSchema().load(dict(submission))
    except ValidationError as error:
        raise CaptureRefused([Fault(ErrorCode.FIELD_INVALID, "", f"cannot be sent: {error}")]) from None


def cited_receipts(value: Any) -> Iterator[str]:
    """Yield the receipts (`sha256:…`) that *value* cites, at any depth."""
    if isinstance(value, str):
        if _REF.fullmatch(value):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from cited_receipts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from cited_receipts(inner)


def instant(moment: dt.datetime) -> str:
    """Return *moment* as the wire writes it: `2026-11-23T08:43:13.457591Z`."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def local_zone() -> str:
    """Return the IANA name of this machine's time zone, `UTC` if it is not known."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    try:
        ZoneInfo(name)
    except (ValueError, OSError):
        return "UTC"
    return name


def zone_info(name: str) -> dt.tzinfo:
    """Return the time zone *name*, UTC if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):
        return dt.UTC
