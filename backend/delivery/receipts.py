"""The receipts that go with a document."""

from pathlib import Path

from sqlalchemy.orm import Session

from backend.delivery.documents import ReceiptsOf
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import ReceiptFile
from backend.inbox.models import Submission
from backend.receipts import receipts


def receipts_in(folder: Path) -> ReceiptsOf:
    """Return a function that finds a submission's receipts under *folder*.

    It raises ErpError (REJECT_OFFICE) where one that was here is gone.
    """

    def receipts_of(session: Session, submission: Submission) -> tuple[ReceiptFile, ...]:
        found = []
        for need in submission.needs:
            try:
                stored = receipts.file(session, folder, need.removeprefix("sha256:"))
            except receipts.ReceiptMissing as error:
                raise ErpError(
                    ErrorClass.REJECT_OFFICE,
                    "A receipt of it is missing on the server; restore it, or let the rep send a new claim",
                    raw=str(error),
                ) from error
            found.append(
                ReceiptFile(
                    sha256=stored.sha256,
                    media_type=stored.media_type,
                    name=stored.name,
                    size=stored.size,
                    open=stored.open,
                )
            )
        return tuple(found)

    return receipts_of
