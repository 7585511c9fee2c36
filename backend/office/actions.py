"""What the office may do with a parked document: one table, which API, CLI, OpenAPI and audit trail read.

To add an action, write its function and its row here. If phones must show a new decision, add it to `Decision`
in `sync_protocol/submission.py`. A function gets the parked row, locked, and returns what the action leads to.
`service.py` checks the reservation and asks the ERP before, and writes the result afterwards.
"""

import json
from collections.abc import Mapping

from sqlalchemy.orm import Session

from backend.feed.customer_merges import order_key
from backend.inbox.models import Submission
from backend.inbox.submissions import may_be_in_erp
from backend.office.accounts import Permission
from backend.office.action import Action, ActionRequest, ActionResult, ErpQuestion
from backend.office.correction import find_correction, fix
from backend.office.erp_check import require_erp_kind
from backend.office.errors import ActionRefused
from backend.office.linking import find_link, link
from backend.office.queries import reservation_holder
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import OFFICE
from sync_protocol.errors import ErrorCode
from sync_protocol.submission import Decision, State


def reserve(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Reserve the document; the holder of a reservation renews it."""
    row.reserved_by, row.reserved_until = request.by, request.now + request.reservation
    return ActionResult(detail={"minutes": round(request.reservation.total_seconds() / 60)})


def release(session: Session, row: Submission, request: ActionRequest) -> ActionResult | None:
    """End the reservation, if there is one."""
    if reservation_holder(row, request.now) is None:
        return None
    row.reserved_by = row.reserved_until = None
    return ActionResult()


def retry(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Queue the document again. The worker asks the ERP for it before it creates anything."""
    kind = require_erp_kind(row)
    body = json.loads(row.body)
    if faults := kind.form_faults(body):
        message = f"document {row.id} is malformed; fix it, or return it to the rep"
        raise ActionRefused(ErrorCode.BODY_REFUSED, message, faults)
    # A document whose kind the server did not know when it arrived has no order key yet.
    row.order_key = order_key(session, kind, body, row.rep)
    # A queued document can be replaced by its rep, so a document that the ERP may have is never queued.
    state = State.UNKNOWN if may_be_in_erp(row) else State.QUEUED
    return ActionResult(state, "The office sends it again")


def cancel(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Cancel the document for good."""
    return ActionResult(State.CANCELLED, "The office has cancelled it")


def return_to_rep(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Reject the document, so that its rep can send an edited copy."""
    return ActionResult(State.REJECTED, "The office has sent it back", owner="rep")


def done(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Accept a change request: somebody has done in the ERP what it asks for."""
    kind = KINDS.get(row.kind)
    if kind is None or kind.destination != OFFICE:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS,
            f"only change requests can be done, and this is a document of kind {row.kind}; "
            "if the ERP has it, link it to its number there",
        )
    return ActionResult(State.ACCEPTED, "The office has done it")


_TABLE = (
    Action(
        "reserve",
        reserve,
        "Reserve the document, so that nobody else acts on it until the reservation ends.",
        Permission.RESERVE,
    ),
    Action("release", release, "End the reservation of the document.", Permission.RESERVE),
    Action(
        "retry",
        retry,
        "Send the document again, unchanged. The ERP is asked first whether it has it.",
        Permission.RETRY,
        wakes_worker=True,
    ),
    Action(
        "fix",
        fix,
        "Replace the document by a corrected version and send that. The original stays readable."
        " Refused while the ERP has the original or may have it.",
        Permission.DECIDE,
        arguments=("body",),
        erp_question=ErpQuestion.BY_KEY,
        replaces_document=True,
        wakes_worker=True,
        decision=Decision.FIXED,
        find_earlier=find_correction,
    ),
    Action(
        "link",
        link,
        "Accept the document under the number of an ERP document that somebody entered by hand.",
        Permission.DECIDE,
        arguments=("number",),
        erp_question=ErpQuestion.BY_NUMBER,
        decision=Decision.LINKED,
        find_earlier=find_link,
    ),
    Action(
        "cancel",
        cancel,
        "Cancel the document for good. Refused while the ERP has it or may have it.",
        Permission.DECIDE,
        needs_reason=True,
        erp_question=ErpQuestion.BY_KEY,
        decision=Decision.CANCELLED,
    ),
    Action(
        "return",
        return_to_rep,
        "Return the document to its rep, who sends an edited copy."
        " Refused while the ERP has it or may have it.",
        Permission.DECIDE,
        needs_reason=True,
        erp_question=ErpQuestion.BY_KEY,
        decision=Decision.RETURNED,
    ),
    Action(
        "done",
        done,
        "Mark a rep's change request as done in the ERP.",
        Permission.DECIDE,
        decision=Decision.DONE,
    ),
)

ACTIONS: Mapping[str, Action] = {action.name: action for action in _TABLE}
"""Every action, by name."""
