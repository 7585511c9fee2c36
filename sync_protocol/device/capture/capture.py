"""Capture: from what the rep typed to a frozen document in the outbox, in one transaction before "saved"."""

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
    """Store a document durably and return it; raises `CaptureRefused` with every fault, storing nothing.

    *body* is checked as the server will check it, against the replica. Receipts that it cites are among
    *receipts* or already on this device. *supersedes* names a document of the outbox that this one
    replaces; one that never left the device is put aside at once, and what that one was to replace is
    replaced by this one.
    """
    declared = KINDS.get(kind)
    if declared is None:
        raise CaptureRefused([Fault(ErrorCode.UNKNOWN_KIND, "kind", f"there is no kind {kind}")])
    with db.writing():
        needs = sorted({*cited(body), *(file.ref for file in receipts)})
        known = files.known(db) | {file.ref for file in receipts}
        faults = [
            Fault(ErrorCode.RECEIPT_REQUIRED, "needs", f"{reference} is not on this device; add the file")
            for reference in needs
            if reference not in known
        ]
        setting = CheckContext(
            now.astimezone(zone_info(zone)).date(),
            lambda collection, key: replica.record(db, collection, key),
            frozenset(needs),
        )
        faults += _form_faults(body) or declared.faults(dict(body), setting)
        replaces, put_aside = _replacing(db, supersedes, faults)
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
            "supersedes": replaces,
        }
        _check_envelope(submission)
        # Inside the transaction, so that no sweep can take the files before their rows are there.
        files.write(receipts)
        files.remember(db, receipts)
        outbox.add(db, submission, rep, declared.title(body))
        db.run_many(
            "UPDATE document SET dismissed = 1, due = 0, final_at = ? WHERE id = ?",
            [(instant(now), id) for id in put_aside],
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
                ErrorCode.SUBMISSION_TOO_LARGE, "", f"has {size:,} bytes of at most {LIMITS.submission_bytes:,}"
            )
        ]
    return []


def _replacing(db: Database, old: str | None, faults: list[Fault]) -> tuple[str | None, list[str]]:
    """Return the id to cite as superseded, if any, and the ids to put aside.

    A document that the server never took cannot be cited: it is put aside, and what it was to replace is
    looked at in its place, for the server may execute that one.
    """
    put_aside: list[str] = []
    cite = old
    while cite is not None:
        try:
            found = document(db, cite)
        except NotFound:
            fate = replica.record(db, "submissions", cite)
            if fate is None and cite == old:
                faults.append(
                    Fault(ErrorCode.UNKNOWN_RECORD, "supersedes", f"there is no document {old} to replace")
                )
                return None, []
            # An ancestor that this device has let go of is cited all the same: the server knows its state.
            state = fate["state"] if fate else None
        else:
            if found.attempts == 0 or (found.state is None and found.errors):
                put_aside.append(cite)
                cite = found.supersedes
                continue
            state = found.state
        if state is not None and State(state) not in REPLACEABLE:
            faults.append(
                Fault(
                    ErrorCode.TOO_LATE, "supersedes", f"document {cite} is {state}; ask the office to change it"
                )
            )
        break
    return cite, put_aside


def _check_envelope(submission: Mapping[str, Any]) -> None:
    try:
        SubmissionSchema().load(dict(submission))
    except ValidationError as error:
        raise CaptureRefused([Fault(ErrorCode.FIELD_INVALID, "", f"cannot be sent: {error}")]) from None


def cited(value: Any) -> Iterator[str]:
    """Yield the receipts that *value* cites, however deep."""
    if isinstance(value, str):
        if _REF.fullmatch(value):
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from cited(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from cited(inner)


def instant(moment: dt.datetime) -> str:
    """Return *moment* as the wire writes it: `2026-11-23T08:43:13.457591Z`."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def local_zone() -> str:
    """Return the IANA name of this machine's time zone, `UTC` where it cannot be told."""
    name = os.environ.get("TZ", "").lstrip(":")
    if not name:
        name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    try:
        ZoneInfo(name)
    except (ValueError, OSError):
        return "UTC"
    return name


def zone_info(name: str) -> dt.tzinfo:
    """Return the zone of that name, UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):
        return dt.UTC
