"""Check receipts again: a decoder may have been corrected, or a newer version removes more from copies.

Apart from `checks`, which the worker calls for receipts that wait: this is for the operator.
"""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.receipts.models import Receipt, ReceiptState
from sync_protocol.fields import Sha256


class NotRefused(LookupError):
    """There is no refused receipt of that name; the message says what there is."""


def refused(session: Session, limit: int) -> Sequence[Receipt]:
    """Return up to *limit* refused receipts, newest first."""
    statement = select(Receipt).where(Receipt.state == ReceiptState.REFUSED.value)
    return session.scalars(statement.order_by(Receipt.stored_at.desc()).limit(limit)).all()


def recheck(session: Session, sha256: str) -> None:
    """Let a worker check the refused receipt *sha256* again, with all its tries; raises `NotRefused`.

    What was decided because of the refusal stays: a rejected document is not sent by surprise.
    """
    receipt = session.get(Receipt, sha256, with_for_update=True) if Sha256.pattern.fullmatch(sha256) else None
    if receipt is None:
        raise NotRefused("there is no such receipt; `satchel receipts refused` lists those that may be checked")
    if receipt.state != ReceiptState.REFUSED:
        raise NotRefused(f"receipt {sha256} is {receipt.state}, not refused")
    receipt.state, receipt.refusal, receipt.checked_at = ReceiptState.UNCHECKED.value, None, None
    receipt.check_due_at, receipt.check_tries = None, 0


def recheck_copies(session: Session, before: dt.datetime) -> int:
    """Let a worker make all copies again that were made before *before*; return how many there are.

    Until then nobody gets the old copy. If the original was deleted, the copy is made from the earlier copy.
    Receipts that arrive meanwhile come first.
    """
    old = (Receipt.state == ReceiptState.CHECKED.value, Receipt.checked_at < before)
    count = session.scalars(select(func.count()).select_from(Receipt).where(*old)).one()
    again = {"state": ReceiptState.UNCHECKED.value, "check_due_at": None, "check_tries": 1}
    session.execute(update(Receipt).where(*old).values(again), execution_options={"synchronize_session": False})
    return count
