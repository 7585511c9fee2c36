"""Fix and resend: a corrected version by the office, which takes the place of the original.

The original is never written over. The correction is a document of its own, with an id of its own, that
supersedes it, just as a rep's edited copy does: so the ERP gets one of the two, and both can be read.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from ulid import ULID

from backend.clock import instant
from backend.feed.changes import live
from backend.feed.customer_merges import order_key
from backend.inbox import new_submissions, supersession
from backend.inbox.models import NewSubmission, Submission
from backend.inbox.submissions import get
from backend.office.action import Action, ActionRefused, already_decided, finish, get_document, lock_parked
from backend.office.actions import require_erp_kind
from backend.office.erp_check import ErpCheck, require_absent
from backend.receipts.receipts import missing
from sync_protocol import SCHEMA_REVISION
from sync_protocol.canonical import NotCanonical, canonical, digest
from sync_protocol.collection import CheckContext, Kind
from sync_protocol.errors import ErrorCode, Fault
from sync_protocol.limits import LIMITS
from sync_protocol.submission import Decision, State

DEVICE = "office"
"""Stands in `Submission.device` of what the office has written."""


def fix(
    session: Session, id: str, body: Mapping[str, Any], deed: Action, sight: ErpCheck | None = None
) -> Submission:
    """Put *body* in the place of the parked document *id*, and return the new submission, which is queued.

    The same body again gives the same submission. Raises `DeedRefused`, with a fault for each field that the
    catalogue or the records in the feed speak against; the ERP must not have the original.
    """
    supersession.lock_rep(session, get_document(session, id).rep)
    sha256 = _digest(body)
    before = already_decided(session, id, Decision.FIXED)
    if before is not None and before.superseded_by is not None:
        again = get(session, before.superseded_by)
        if again is not None and again.sha256 == sha256:
            return again
    row = lock_parked(session, id, deed)
    kind = require_erp_kind(row)
    if sha256 == row.sha256:
        raise ActionRefused(ErrorCode.NOT_FOR_THIS, f"nothing in document {id} was changed; retry it instead")
    rival = supersession.replacement_of(session, row.rep, row.id, {row.id})
    if rival is not None:
        raise ActionRefused(ErrorCode.NOT_PARKED, f"{rival} takes the place of document {id} already")
    faults = _faults(session, kind, row, body, deed)
    if faults:
        words = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise ActionRefused(ErrorCode.BODY_REFUSED, words[:900], faults)
    require_absent(row, sight)
    new = _insert_correction(session, row, kind, body, sha256, deed)
    row.superseded_by = new.id
    finish(
        session,
        row,
        deed,
        "fix",
        State.SUPERSEDED,
        reason=deed.with_reason("The office has corrected it"),
        decision=Decision.FIXED,
        detail={"replaced_by": new.id, "sha256": sha256, "was": row.sha256},
    )
    return new


def _digest(body: Mapping[str, Any]) -> str:
    try:
        size = len(canonical(dict(body)))
    except NotCanonical as error:
        fault = Fault(ErrorCode.NOT_CANONICAL, error.path, error.reason)
        raise ActionRefused(ErrorCode.BODY_REFUSED, f"{error.path}: {error.reason}", [fault]) from None
    if size > LIMITS.submission_bytes:
        raise ActionRefused(ErrorCode.BODY_REFUSED, f"it has {size} bytes of at most {LIMITS.submission_bytes}")
    return digest(dict(body))


def _faults(
    session: Session, kind: Kind, row: Submission, body: Mapping[str, Any], deed: Action
) -> list[Fault]:
    """Return what is wrong with *body*: the office may cite every record, not only those of the rep."""
    setting = CheckContext(
        today=deed.now.date(),
        lookup=lambda collection, key: live(session, collection, key),
        needs=frozenset(row.needs),
    )
    return kind.faults(dict(body), setting)


def _insert_correction(
    session: Session, row: Submission, kind: Kind, body: Mapping[str, Any], sha256: str, deed: Action
) -> Submission:
    id, captured_at = str(ULID()), instant(deed.now)
    lacking = missing(session, row.rep, row.needs)
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
    arrival = NewSubmission(
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
        received_at=deed.now,
        state=(State.RECEIVED if lacking else State.QUEUED).value,
        status="received",
        errors=[],
        reason=f"Waiting for {len(lacking)} receipts"
        if lacking
        else deed.with_reason("Corrected by the office"),
        owner=None,
        order_key=order_key(session, kind, body, row.rep),
    )
    new_submissions.insert(session, [arrival], deed.actor)
    return session.scalars(select(Submission).where(Submission.id == id)).one()
