"""Link a parked document to a document that somebody entered in the ERP by hand."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.delivery.queue.dependencies import wake_dependents
from backend.delivery.settle import bind
from backend.delivery.transition import ErpBinding
from backend.erp.records import ErpDocument
from backend.inbox.models import Binding, Submission
from backend.office.action import ActionRequest, ActionResult
from backend.office.erp_check import ErpCheck, require_current, require_settled
from backend.office.errors import ActionRefused
from sync_protocol.errors import ErrorCode
from sync_protocol.submission import State


def link(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Accept the document *row* as the ERP's document `number`, which the ERP check has found."""
    number = request.arguments["number"]
    check = require_current(row, request.erp_check)
    document = _document_to_link(row, number, check)
    conflict = _bind(session, row, document, check.connector, request)
    if conflict is not None:
        raise ActionRefused(
            ErrorCode.LINKED_ELSEWHERE,
            f"{number} is document {conflict.local_id}"
            if conflict.local_id != row.id
            else f"document {row.id} is {conflict.number or conflict.external_id} in the ERP",
        )
    row.erp_id, row.erp_number = document.external_id, document.number or number
    row.last_sent_at = row.last_sent_at or request.now
    wake_dependents(session, row, request.now)
    return ActionResult(
        State.ACCEPTED,
        f"The office has linked it to {row.erp_number}",
        detail={"number": number, "external_id": document.external_id},
    )


def find_link(session: Session, row: Submission, request: ActionRequest) -> Submission | None:
    """Return *row* if it is linked to the number that *request* names."""
    return row if row.erp_number == request.arguments["number"] else None


def _document_to_link(row: Submission, number: str, check: ErpCheck) -> ErpDocument:
    """Return the only ERP document under *number*; raises `ActionRefused` if it cannot be that of *row*."""
    if len(check.by_number) != 1:
        many = "more than one" if check.by_number else "no"
        raise ActionRefused(ErrorCode.NOT_IN_ERP, f"the ERP has {many} {row.kind} {number}")
    [document] = check.by_number
    others = [other for other in check.by_key if other.external_id != document.external_id]
    if others:
        numbers = ", ".join(other.number or other.external_id for other in others)
        raise ActionRefused(
            ErrorCode.MAY_BE_IN_ERP,
            f"the ERP has document {row.id} as {numbers}: link it to that number, or remove it there first",
        )
    if document.key not in (None, row.id):
        raise ActionRefused(ErrorCode.LINKED_ELSEWHERE, f"{number} is document {document.key} in the ERP")
    if not check.by_key:
        require_settled(row, check)
    return document


def _bind(
    session: Session, row: Submission, document: ErpDocument, connector: str, request: ActionRequest
) -> Binding | None:
    """Bind *row* to *document*, or return the binding that contradicts it."""
    bindings = (ErpBinding(row.kind, document.external_id, document.number),)
    try:
        with session.begin_nested():
            conflict = bind(session, row, bindings, connector, request.now)
            session.flush()
    except IntegrityError:
        # Somebody else has linked to it at the same moment, and has committed.
        conflict = bind(session, row, bindings, connector, request.now)
    return conflict
