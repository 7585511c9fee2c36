"""A submission as the port takes it."""

import json
from collections.abc import Callable

from sqlalchemy.orm import Session

from backend.erp.records import Document, ReceiptFile, RepInfo
from backend.identity.models import Rep
from backend.inbox.models import Submission

ReceiptsOf = Callable[[Session, Submission], tuple[ReceiptFile, ...]]
"""Returns the stored receipts that a submission cites."""


def document_of(session: Session, submission: Submission, receipts_of: ReceiptsOf) -> Document:
    """Return *submission* as a document, with whose it is and its receipts."""
    rep = session.get(Rep, submission.rep)
    return Document(
        id=submission.id,
        kind=submission.kind,
        body=json.loads(submission.body),
        rep=RepInfo(
            id=submission.rep,
            name=rep.name if rep else submission.rep,
            employee_number=rep.employee_number if rep else None,
        ),
        captured_at=submission.captured_at,
        received_at=submission.received_at,
        receipts=receipts_of(session, submission),
    )
