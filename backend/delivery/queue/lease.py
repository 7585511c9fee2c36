"""Lease: the right to forward one submission for a while, and how it is lost."""

import datetime as dt
from dataclasses import dataclass

from backend.inbox.models import Submission


@dataclass(frozen=True)
class Lease:
    """The right to forward one submission."""

    id: str
    kind: str
    fence: int
    worker: str
    lease_seconds: float
    sent_at: dt.datetime | None
    """Since when the ERP may have it: an earlier call may still be running, or have been executed. None:
    the ERP certainly does not have it from us."""
    tries: int
    first_failed_at: dt.datetime | None
    erp_id: str | None
    """The ERP's id, if it has told one before."""
    row: Submission
    """What the device sent, to be read; how it stands may have changed since it was claimed."""
    attempt: int | None = None
    """The look for our key that was written down with the claim; None: that is not what comes first."""


class LeaseLost(Exception):
    """Somebody else has claimed the submission meanwhile: let go of it, and change nothing."""
