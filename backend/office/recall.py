"""Recall a document that waits to be sent: it is parked again, as it was before the office queued it.

Apart from `actions.py`, whose other actions are about documents that are parked.
"""

from sqlalchemy.orm import Session

from backend.inbox.cause import UNSPECIFIED, class_in
from backend.inbox.models import Submission
from backend.inbox.submissions import get, may_be_in_erp
from backend.office.action import ActionRequest, ActionResult
from backend.office.errors import ActionRefused
from sync_protocol.errors import ErrorCode
from sync_protocol.sentence import sentence
from sync_protocol.submission import State

_WAITING = frozenset({State.RECEIVED, State.QUEUED})


def recall(session: Session, row: Submission, request: ActionRequest) -> ActionResult:
    """Park the document *row*, which nobody has sent to the ERP.

    It has the cause for which it was parked before; a correction has that of the document it replaces.
    Raises `ActionRefused` if it does not wait to be sent, or if the ERP may have it.
    """
    if row.state not in _WAITING or may_be_in_erp(row):
        message = f"document {row.id} does not wait to be sent any more: it is {row.state}"
        raise ActionRefused(ErrorCode.NOT_FOR_THIS, message)
    original = get(session, row.supersedes) if row.cause is None and row.supersedes else None
    cause = original.cause if original is not None else row.cause
    return ActionResult(
        State.PARKED,
        sentence("office_recalled"),
        owner="office",
        error_class=class_in(cause) if cause else UNSPECIFIED,
        cause=cause,
    )
