"""Fix a parked document: the office's corrected version takes the place of the original and is sent.

The original is never changed. The correction is a document of its own, with an id of its own. It supersedes the
original, as a rep's edited copy does, so the ERP gets only one of the two, and both stay readable.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from ulid import ULID

from backend.clock import instant
from backend.database import round_trip
from backend.database.bulk import dialect_of
from backend.feed import reading
from backend.feed.changes import live
from backend.feed.customer_merges import order_key
from backend.identity.access import citing_read
from backend.inbox import new_submissions, supersession
from backend.inbox.models import Submission
from backend.inbox.new_submission import NewSubmission
from backend.inbox.state_change import MAX_REASON, template_of
from backend.inbox.submissions import get, get_many
from backend.office.action import ActionRequest, ActionResult
from backend.office.erp_check import require_erp_kind
from backend.office.errors import ActionRefused
from backend.receipts.faults import receipt_faults
from backend.receipts.receipts import unusable
from sync_protocol import SCHEMA_REVISION
from sync_protocol.canonical import NotCanonical, canonical, digest
from sync_protocol.collection import CheckContext, Kind
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.limits import LIMITS
from sync_protocol.readable import readable
from sync_protocol.sentence import sentence, with_why
from sync_protocol.submission import State
from sync_protocol.zone import date_in

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
    context = _context(session, row, request)
    faults = kind.faults(dict(body), context)
    if faults:
        message = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise ActionRefused(ErrorCode.BODY_REFUSED, message[:900], faults)
    warnings = kind.warnings(body, context)
    correction = _insert(session, row, kind, body, sha256, warnings, request)
    return ActionResult(
        State.SUPERSEDED,
        sentence("office_has_corrected"),
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


def _context(session: Session, row: Submission, request: ActionRequest) -> CheckContext:
    """Return the input of a check. The office may cite every record, not only those that the rep has."""
    return CheckContext(
        today=date_in(row.zone, request.now),
        lookup=lambda collection, key: live(session, collection, key),
        needs=frozenset(row.needs),
    )


def _insert(
    session: Session,
    row: Submission,
    kind: Kind,
    body: Mapping[str, Any],
    sha256: str,
    warnings: list[Fault],
    request: ActionRequest,
) -> Submission:
    """Insert the correction of *row* and return it. It waits for receipts that the server does not have yet."""
    id, captured_at = str(ULID()), instant(request.now)
    receipts = unusable(session, row.rep, row.needs)
    if faults := receipt_faults(dict(body), receipts.refused):
        raise ActionRefused(ErrorCode.BODY_REFUSED, "A receipt cannot be used; return it to the rep", faults)
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
    reason = receipts.waiting or with_why(sentence("office_corrected"), request.why)
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
        state=(State.RECEIVED if receipts.waiting else State.QUEUED).value,
        status="received",
        errors=[],
        warnings=[warning.as_wire() for warning in warnings],
        reason=str(readable(reason, MAX_REASON)),
        reason_template=template_of(reason),
        owner=None,
        order_key=order_key(session, kind, body, row.rep),
        title=_title(session, kind, row, body, request.now),
    )
    new_submissions.insert(session, [correction], office_user=request.actor)
    return get_many(session, [id])[id]


def _title(session: Session, kind: Kind, row: Submission, body: Mapping[str, Any], now: dt.datetime) -> str:
    """Return the title. The rep reads it, so it has only names of records that the rep had access to."""
    refs = kind.references(body)
    access, cited = round_trip.run(
        session, [citing_read(row.rep, now), reading.cited_read(dialect_of(session), refs)]
    )
    citable, _ = reading.citable_records(session, access.channels_ever, refs, cited)
    return kind.title_for(body, lambda collection, key: citable.get((collection, key)))
