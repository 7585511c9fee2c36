"""Documents: a submission and its receipts, as the connector gets them."""

import json
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ReceiptFile, RepInfo
from backend.inbox.models import Submission
from backend.receipts import receipts as stored_receipts

ReceiptsOf = Callable[[Session, Submission], tuple[ReceiptFile, ...]]
"""Returns the stored receipts that a submission cites; raises ErpError (REJECT_OFFICE) if one is missing."""


def document_of(submission: Submission, rep: RepInfo, receipts: tuple[ReceiptFile, ...] = ()) -> Document:
    """Return *submission* of *rep* as a document with its *receipts*."""
    return Document(
        id=submission.id,
        kind=submission.kind,
        body=json.loads(submission.body),
        rep=rep,
        captured_at=submission.captured_at,
        received_at=submission.received_at,
        receipts=receipts,
        zone=submission.zone,
    )


def receipts_in(folder: Path) -> ReceiptsOf:
    """Return a function that reads a submission's receipts from *folder*."""

    def receipts_of(session: Session, submission: Submission) -> tuple[ReceiptFile, ...]:
        return tuple(_receipt(session, folder, need.removeprefix("sha256:")) for need in submission.needs)

    return receipts_of


def _receipt(session: Session, folder: Path, sha256: str) -> ReceiptFile:
    try:
        stored = stored_receipts.file(session, folder, sha256)
    except stored_receipts.ReceiptMissing as error:
        raise ErpError(
            ErrorClass.REJECT_OFFICE,
            "One of its receipts is missing on the server",
            raw=str(error),
            advice="Restore the receipt and retry; or return the document to the rep, who sends it again.",
        ) from error
    except stored_receipts.ReceiptUnchecked as error:
        # The document was queued by an earlier version, or the copy is made again.
        raise ErpError(
            ErrorClass.TRANSIENT, "One of its receipts is not checked yet", raw=str(error)
        ) from error
    except stored_receipts.ReceiptRefused as error:
        raise ErpError(ErrorClass.REJECT_REP, f"One of its receipts cannot be used: {error}") from error
    return ReceiptFile(
        sha256=stored.sha256,
        content_sha256=stored.content_sha256,
        media_type=stored.media_type,
        name=stored.name,
        size=stored.size,
        open=stored.open,
    )
