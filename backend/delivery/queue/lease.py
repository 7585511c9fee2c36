"""Lease: the right to forward one submission for a limited time.

A file of its own, because attempts, transfer and settlement need it and not the statements of `acquire`.
"""

import datetime as dt
from dataclasses import dataclass

from backend.erp.records import RepInfo
from backend.inbox.models import Submission


@dataclass(frozen=True)
class Lease:
    """The right to forward one submission."""

    id: str
    """Of the submission."""
    kind: str
    fence: int
    worker: str
    lease_seconds: float
    sent_at: dt.datetime | None
    """Since when the ERP may have it: an earlier call may still be running, or may have been executed. None if
    the ERP certainly does not have it from us."""
    tries: int
    first_failed_at: dt.datetime | None
    erp_id: str | None
    """The ERP's id, if it has returned one before."""
    row: Submission
    """To read what the device sent. Its state may have changed since the lease was taken."""
    rep: RepInfo
    """Who captured it."""
    current_customer: str | None = None
    """A customer that was not merged into another when the lease was taken; None: none was looked up."""
    first_attempt: int | None = None
    """The attempt that was written down with the lease, a `find`; None for a kind without a key of its own."""


class LeaseLost(Exception):
    """Another worker has leased the submission meanwhile. Stop working on it and change nothing."""
