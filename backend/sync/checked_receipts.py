"""What follows from a checked receipt: the documents that waited for it are queued or rejected.

Separate from the checks themselves, which know nothing of documents; the layers forbid it.
"""

import datetime as dt

from sqlalchemy.orm import Session

from backend.clock import Clock
from backend.database.core import Sessions
from backend.receipts.checks import ReceiptChecks
from backend.settings import Settings
from backend.sync.waiting_for_receipts import receipts_arrived


def receipt_checks(settings: Settings, sessions: Sessions, clock: Clock) -> ReceiptChecks:
    """Return the checks of this installation's receipts."""

    def arrived(session: Session, rep: str, sha256: str, now: dt.datetime) -> None:
        receipts_arrived(session, rep_id=rep, sha256=sha256, now=now)

    return ReceiptChecks(sessions, settings.folder, clock, arrived)
