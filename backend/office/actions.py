"""What the office may do with a parked document: one table, which API, CLI, OpenAPI and audit trail read.

To add an action, write its function and its row here. If phones must show a new decision, add it to `Decision`
in `sync_protocol/submission.py`. A function gets the parked row, locked, and returns what the action leads to.
`service.py` checks the reservation and asks the ERP before, and writes the result afterwards.
"""

import json
from collections.abc import Mapping

from sqlalchemy.orm import Session

from backend.delivery.park_reasons import APPROVAL, class_of
from backend.feed.customer_merges import order_key
from backend.inbox.models import Submission
from backend.inbox.restored import newest_loss
from backend.inbox.submissions import may_be_in_erp
from backend.office.action import Action, ActionRequest, ActionResult, ErpQuestion
from backend.office.correction import find_correction, fix
from backend.office.erp_check import require_erp_kind
from backend.office.errors import ActionRefused
from backend.office.linking import find_link, link, unlink
from backend.office.queries import reservation_holder
from backend.office.recall import recall
from backend.office.roles import Permission
from backend.receipts.faults import receipt_faults
from backend.receipts.receipts import unusable
from backend.sync.returning import approvals_of
from sync_protocol.catalogue import KINDS
from sync_protocol.collection import OFFICE
from sync_protocol.errors import ErrorCode
from sync_protocol.fault_sentence import fault_sentences
from sync_protocol.sentence import sentence
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
    """Queue the document again. The worker asks the ERP for it before it creates anything.

    Raises `ActionRefused` for a document that is malformed, that is not one for the ERP, or that waits for an
    approval: that is a decision.
    """
    if class_of(row) == APPROVAL:
        message = f"document {row.id} waits for an approval; approve it, fix it, or return it"
        raise ActionRefused(ErrorCode.NOT_FOR_THIS, message)
    state = _queue(session, row)
    needed = approvals_of(session, row, request.now)
    if needed:
        # No rule has decided about it, so a retry is no decision either.
        reasons = fault_sentences((fault.field, fault.message) for fault in needed)
        row.warnings = [fault.as_wire() for fault in needed]
        return ActionResult(State.PARKED, reasons, owner="office", error_class=APPROVAL)
    return ActionResult(state, sentence("office_queued"))


def approve(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Approve what the rep could not decide alone, and queue the document.

    Raises `ActionRefused` for a document that does not wait for an approval. After a loss of data also for one
    that its phone may have replaced or withdrawn, unless the person insists.
    """
    if class_of(row) != APPROVAL:
        message = f"document {row.id} does not wait for an approval; its class is {class_of(row)}"
        raise ActionRefused(ErrorCode.NOT_FOR_THIS, message)
    loss = newest_loss(session, request.now)
    if (
        loss
        and not loss.is_reconciled
        and loss.may_have_been_amended(row.id, request.now)
        and not request.overrules_doubt
    ):
        message = (
            f"the server has lost its newest data, and the phone of {row.rep} may have replaced or withdrawn "
            f"document {row.id}: reconcile first, or ask the rep and use force with the reason"
        )
        raise ActionRefused(ErrorCode.NOT_FOR_THIS, message)
    return ActionResult(_queue(session, row), sentence("office_approved"))


def _queue(session: Session, row: Submission) -> State:
    """Prepare *row* to be sent, and return its next state."""
    kind = require_erp_kind(row)
    body = json.loads(row.body)
    if faults := kind.form_faults(body):
        message = f"document {row.id} is malformed; fix it, or return it to the rep"
        raise ActionRefused(ErrorCode.BODY_REFUSED, message, faults)
    # A document whose kind the server did not know when it arrived has no order key yet.
    row.order_key = order_key(session, kind, body, row.rep)
    # A queued document can be replaced by its rep, so a document that the ERP may have is never queued.
    if may_be_in_erp(row):
        return State.UNKNOWN
    receipts = unusable(session, row.rep, row.needs)
    if faults := receipt_faults(body, receipts.refused):
        message = f"document {row.id} has a receipt that was refused; return it to the rep"
        raise ActionRefused(ErrorCode.BODY_REFUSED, message, faults)
    return State.RECEIVED if receipts.waiting else State.QUEUED


def cancel(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Cancel the document for good."""
    return ActionResult(State.CANCELLED, sentence("office_cancelled"))


def return_to_rep(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Reject the document, so that its rep can send an edited copy."""
    return ActionResult(State.REJECTED, sentence("office_returned"), owner="rep")


def done(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Accept a change request: somebody has done in the ERP what it asks for."""
    kind = KINDS.get(row.kind)
    if kind is None or kind.destination != OFFICE:
        raise ActionRefused(
            ErrorCode.NOT_FOR_THIS,
            f"only change requests can be done, and this is a document of kind {row.kind}; "
            "if the ERP has it, link it to its number there",
        )
    return ActionResult(State.ACCEPTED, sentence("office_done"))


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
        for_many=True,
    ),
    Action(
        "recall",
        recall,
        "Park a document that waits to be sent, such as one that the office has queued by mistake."
        " Refused once it is sent.",
        Permission.RESERVE,
        any_state=True,
    ),
    Action(
        "approve",
        approve,
        "Approve a document beyond what its rep may decide, such as a price, and send it unchanged.",
        Permission.DECIDE,
        wakes_worker=True,
        for_many=True,
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
        for_many=True,
        decision=Decision.FIXED,
        find_earlier=find_correction,
    ),
    Action(
        "link",
        link,
        "Accept the document under the number of an ERP document that somebody entered by hand."
        " Refused if that one is cancelled, or is another document of ours. If its customer or total differs,"
        " `force` and the reason are needed.",
        Permission.DECIDE,
        arguments=("number",),
        erp_question=ErpQuestion.BY_NUMBER,
        decision=Decision.LINKED,
        find_earlier=find_link,
    ),
    Action(
        "unlink",
        unlink,
        "Take the ERP's number from a document: it is parked again, without a number."
        " If the number was not linked by the office but came from the ERP, `force` and the reason are needed.",
        Permission.DECIDE,
        any_state=True,
        wakes_worker=True,
    ),
    Action(
        "cancel",
        cancel,
        "Cancel the document for good. Refused while the ERP has it or may have it.",
        Permission.DECIDE,
        needs_reason=True,
        erp_question=ErpQuestion.BY_KEY,
        decision=Decision.CANCELLED,
        for_many=True,
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
        for_many=True,
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
