"""Capture: check what the rep typed, and freeze it as a document in the outbox, in one transaction."""

import datetime as dt
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from marshmallow import ValidationError
from ulid import ULID

from sync_protocol import SCHEMA_REVISION
from sync_protocol.canonical import NotCanonical, canonical, digest
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.submissions import SUBMISSIONS
from sync_protocol.collection import CheckContext, first_faults
from sync_protocol.device.capture import pricing
from sync_protocol.device.capture.documents import STATE_LABELS, Document, document, title_of
from sync_protocol.device.errors import CaptureRefused, NotFound
from sync_protocol.device.failpoint import failpoint
from sync_protocol.device.store import outbox, replica
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.receipts import ReceiptFile, ReceiptFolder
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.json_types import Body, NewRecord
from sync_protocol.limits import LIMITS
from sync_protocol.local_time import UTC
from sync_protocol.submission import REPLACEABLE, State, SubmissionJson, SubmissionSchema
from sync_protocol.zone import date_in, is_known

_REF = re.compile(r"sha256:[0-9a-f]{64}")


def capture(
    db: Database,
    files: ReceiptFolder,
    *,
    rep: str,
    kind: str,
    body: Body,
    receipts: Sequence[ReceiptFile] = (),
    supersedes: str | None = None,
    depends_on: Sequence[str] = (),
    now: dt.datetime,
    zone: str,
) -> Document:
    """Store a document durably and return it; raises `CaptureRefused` with all faults, and then stores nothing.

    The returned document has the warnings that the rep should read while the customer is there.

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
            date_in(zone, now),
            lambda collection, key: known_record(db, collection, key),
            frozenset(needs),
            price_data=pricing.price_data(db, rep),
        )
        faults += _form_faults(body) or declared.faults(dict(body), context)
        superseded, dismissed = _resolve_superseded(db, supersedes, faults)
        if faults:
            raise CaptureRefused(faults)
        submission: SubmissionJson = {
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
        title = declared.title_for(body, context.lookup)
        warnings = [*declared.approvals(body, context), *declared.warnings(body, context)]
        outbox.add(db, submission, rep, title, first_faults(warnings))
        db.run_many(
            "UPDATE document SET dismissed = 1, due = 0, final_at = ? WHERE id = ?",
            [(instant(now), id) for id in dismissed],
        )
        failpoint("capture.before_commit")
    failpoint("capture.after_commit")
    return document(db, str(submission["id"]))


def known_record(db: Database, collection: str, key: str) -> NewRecord | None:
    """Return a record that the rep may cite. A document of the outbox counts before its record arrives."""
    if collection == SUBMISSIONS.name:
        row = db.row("SELECT id, title FROM document WHERE id = ?", key)
        if row is not None:
            return {"id": row["id"], "title": row["title"]}
    return replica.record(db, collection, key)


def _form_faults(body: Body) -> list[Fault]:
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
                message = f"there is no document {id}"
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
            label = STATE_LABELS.get(state, state)
            message = f"{title_of(db, id)} can no longer be changed here ({label}); ask the office to change it"
            faults.append(Fault(ErrorCode.TOO_LATE, "supersedes", message))
        break
    return id, dismissed


def _check_envelope(submission: SubmissionJson) -> None:
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
    return name if is_known(name) else UTC
