"""Documents: a submission and its receipts, as the connector gets them."""

import json
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ReceiptFile, RepInfo
from backend.identity.models import Rep
from backend.inbox.models import Submission
from backend.receipts import receipts

ReceiptsOf = Callable[[Session, Submission], tuple[ReceiptFile, ...]]
"""Returns the stored receipts that a submission cites; raises ErpError (REJECT_OFFICE) if one is missing."""


def document_of(session: Session, submission: Submission, receipts_of: ReceiptsOf) -> Document:
    """Return *submission* as a document, with its rep and its receipts."""
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


def receipts_in(folder: Path) -> ReceiptsOf:
    """Return a function that reads a submission's receipts from *folder*."""

    def receipts_of(session: Session, submission: Submission) -> tuple[ReceiptFile, ...]:
        return tuple(_receipt(session, folder, need.removeprefix("sha256:")) for need in submission.needs)

    return receipts_of


def _receipt(session: Session, folder: Path, sha256: str) -> ReceiptFile:
    try:
        stored = receipts.file(session, folder, sha256)
    except receipts.ReceiptMissing as error:
        raise ErpError(
            ErrorClass.REJECT_OFFICE,
            "One of its receipts is missing on the server; restore it, or let the rep send a new claim",
            raw=str(error),
        ) from error
    return ReceiptFile(
        sha256=stored.sha256,
        media_type=stored.media_type,
        name=stored.name,
        size=stored.size,
        open=stored.open,
    )
