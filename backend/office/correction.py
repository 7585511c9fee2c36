"""Fix a parked document: the office's corrected version takes the place of the original and is sent.

The original is never changed. The correction is a document of its own, with an id of its own. It supersedes the
original, as a rep's edited copy does, so the ERP gets only one of the two, and both stay readable.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from ulid import ULID

from backend.clock import instant
from backend.feed.changes import live
from backend.feed.customer_merges import order_key
from backend.inbox import new_submissions, supersession
from backend.inbox.models import NewSubmission, Submission
from backend.inbox.submissions import get
from backend.office.action import ActionRequest, ActionResult
from backend.office.erp_check import require_erp_kind
from backend.office.errors import ActionRefused
from backend.receipts.receipts import missing
from sync_protocol import SCHEMA_REVISION
from sync_protocol.canonical import NotCanonical, canonical, digest
from sync_protocol.collection import CheckContext, Kind
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.limits import LIMITS
from sync_protocol.submission import State

DEVICE = "office"
"""`Submission.device` of a document that the office has written."""


def fix(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Insert a correction of the document *row* with the `body` of *request*.

    Raises `ActionRefused`, with a fault for each field that breaks a rule of the catalogue or names a record
    that the feed does not have.
    """
    body: Mapping[str, Any] = request.arguments["body"]
    kind = require_erp_kind(row)
    sha256 = _digest(body)
    if sha256 == row.sha256:
        raise ActionRefused(ErrorCode.NOT_FOR_THIS, f"the body of {row.id} is unchanged; retry it instead")
    copy = supersession.replacement_of(session, row.rep, row.id, {row.id})
    if copy is not None:
        raise ActionRefused(ErrorCode.NOT_PARKED, f"document {copy} has already replaced document {row.id}")
    faults = _faults(session, kind, row, body, request)
    if faults:
        message = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise ActionRefused(ErrorCode.BODY_REFUSED, message[:900], faults)
    correction = _insert(session, row, kind, body, sha256, request)
    row.superseded_by = correction.id
    return ActionResult(
        State.SUPERSEDED,
        "The office has corrected it",
        correction=correction,
        detail={"replaced_by": correction.id, "sha256": sha256, "was": row.sha256},
    )


def find_correction(session: Session, row: Submission, request: ActionRequest) -> Submission | None:
    """Return the correction that has replaced *row*, if it has the body of *request*."""
    correction = get(session, row.superseded_by) if row.superseded_by is not None else None
    return correction if correction and correction.sha256 == _digest(request.arguments["body"]) else None


def _digest(body: Mapping[str, Any]) -> str:
    try:
        size = len(canonical(dict(body)))
    except NotCanonical as error:
        fault = Fault(ErrorCode.NOT_CANONICAL, error.path, error.reason)
        raise ActionRefused(ErrorCode.BODY_REFUSED, f"{error.path}: {error.reason}", [fault]) from None
    if size > LIMITS.submission_bytes:
        message = f"the body has {size} bytes; at most {LIMITS.submission_bytes} are allowed"
        raise ActionRefused(ErrorCode.BODY_REFUSED, message)
    return digest(dict(body))


def _faults(
    session: Session, kind: Kind, row: Submission, body: Mapping[str, Any], request: ActionRequest
) -> list[Fault]:
    """Return what is wrong with *body*. The office may cite every record, not only those that the rep has."""
    context = CheckContext(
        today=request.now.date(),
        lookup=lambda collection, key: live(session, collection, key),
        needs=frozenset(row.needs),
    )
    return kind.faults(dict(body), context)


def _insert(
    session: Session, row: Submission, kind: Kind, body: Mapping[str, Any], sha256: str, request: ActionRequest
) -> Submission:
    """Insert the correction of *row* and return it. It waits for receipts that the server does not have yet."""
    id, captured_at = str(ULID()), instant(request.now)
    missing_receipts = missing(session, row.rep, row.needs)
    envelope = {
        "id": id,
        "kind": row.kind,
        "captured_at": captured_at,
        "zone": row.zone,
        "schema": SCHEMA_REVISION,
        "sha256": sha256,
        "needs": row.needs,
        "depends_on": row.depends_on,
        "supersedes": row.id,
    }
    correction = NewSubmission(
        id=id,
        kind=row.kind,
        captured_at=captured_at,
        zone=row.zone,
        schema=SCHEMA_REVISION,
        sha256=sha256,
        needs=row.needs,
        depends_on=row.depends_on,
        supersedes=row.id,
        rep=row.rep,
        device=DEVICE,
        body=canonical(dict(body)).decode(),
        envelope=json.dumps(envelope),
        superseded_by=None,
        received_at=request.now,
        state=(State.RECEIVED if missing_receipts else State.QUEUED).value,
        status="received",
        errors=[],
        reason=f"Waiting for {len(missing_receipts)} receipts"
        if missing_receipts
        else ": ".join(filter(None, ("Corrected by the office", request.why)))[:1000],
        owner=None,
        order_key=order_key(session, kind, body, row.rep),
    )
    new_submissions.insert(session, [correction], request.actor)
    stored = get(session, id)
    assert stored is not None  # noqa: S101 - it was inserted in this transaction
    return stored
